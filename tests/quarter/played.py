"""Play a life's SMS through the webhooks of the whole service, at the moments they arrive, the clock's beats between them.

Our answers leave and are never reported as delivered: that would take most of the time, and no figure here speaks of it.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import cast

import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from clubs import inquiries
from clubs import models as clubs
from clubs.records import Inquiry, PlannedTheme
from messaging.exchange import Exchange
from messaging.gateways.simulator import Fault
from messaging.models import Channel, Contact, Message
from runtime.clock import Clock
from runtime.crypto import blind
from runtime.database import Database
from runtime.work import Immediate
from tests.quarter.life import Club, Life, Question, moment
from tests.quarter.network import Outage, Sms
from tests.world import World

NUMBER = re.compile(r"\bNo (\d+)")
AFTER_DAYS = 40
"""Played on after the period: what was forgotten is still reported, and what nobody said goes missing."""


class Flaky(Database):
    """A database that can be away."""

    away = False

    @contextmanager
    def reading(self) -> Iterator[Session]:
        self._here()
        with super().reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self._here()
        with super().writing() as session:
            yield session

    def _here(self) -> None:
        if self.away:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))


@dataclass
class Played:
    """The service, whom it serves, and what is remembered while playing. `villages` are ids by place."""

    client: FlaskClient
    exchange: Exchange
    database: Flaky
    clock: Clock
    world: World
    chance: Random
    villages: list[int] = field(default_factory=list)
    posted: int = 0
    refused: list[str] = field(default_factory=list)

    def found(self, life: Life) -> None:
        """Write villages, clubs, facilitators and supervisors; the small world's own clubs rest."""
        begun = moment(life.start - timedelta(days=1), 12)
        with self.database.writing() as session:
            area = session.scalars(select(clubs.Area.id)).first()
            session.execute(update(clubs.Club).values(active=False))
            session.get_one(Channel, self.world.channel).settings = json.dumps({"faults": Fault.LOST.value})
            for place in range(max(club.village for club in life.clubs) + 1):
                village = clubs.Village(code=f"Q{place:02}", name=f"Village {place:02} (simulé)", area_id=area)
                session.add(village)
                session.flush()
                self.villages.append(village.id)
            session.add_all(PlannedTheme(quarter=first, theme_code=theme) for first, theme in life.planned)
            for club in life.clubs:
                self._club(session, club, begun)

    def _club(self, session: Session, club: Club, begun: datetime) -> None:
        row = clubs.Club(
            code=club.code,
            kind=clubs.ClubKind.CEAPV,
            village_id=self.villages[club.village],
            every_days=club.every,
            declared_women=club.women,
            declared_men=club.men,
            weekday=club.first.weekday(),
            next_expected=club.first,
            created_at=begun,
        )
        session.add(row)
        session.flush()
        since = begun.date()
        facilitator = self._member(session, club.phone, clubs.Role.FACILITATOR, row.id, begun)
        session.add(clubs.Post(member_id=facilitator, club_id=row.id, since=since))
        supervisor = self._member(session, club.supervisor, clubs.Role.SUPERVISOR, row.id, begun)
        posts = select(clubs.Post.id).where(clubs.Post.member_id == supervisor, clubs.Post.village_id == row.village_id)
        if session.scalar(posts) is None:
            session.add(clubs.Post(member_id=supervisor, village_id=row.village_id, since=since))

    def _member(self, session: Session, number: str, role: clubs.Role, club_id: int, begun: datetime) -> int:
        contact = session.scalar(select(Contact).where(Contact.number_index == blind(number)))
        if contact is None:
            contact = Contact(number=number, number_index=blind(number), language="fr", operator="simulator", created_at=begun)
            session.add(contact)
            session.flush()
            row = clubs.Member(club_id=club_id, contact_id=contact.id, role=role, sex=clubs.Sex.WOMAN, joined_at=begun)
            session.add(row)
            session.flush()
            return row.id
        return session.scalars(select(clubs.Member.id).where(clubs.Member.contact_id == contact.id)).one()

    def play(self, life: Life, sent: Sequence[Sms], outages: Sequence[Outage]) -> None:
        """Everything in the order of time."""
        last = max(life.until + timedelta(days=AFTER_DAYS), *(sms.arrives.date() for sms in sent))
        beats = [moment(life.start + timedelta(days=day), 6) for day in range((last - life.start).days)]
        nights = [one for one in outages if one.kept]
        happenings: list[tuple[datetime, int, Sms | Question | None]] = [
            *((sms.arrives, 1, sms) for sms in sent),
            *((at, 0, None) for at in beats if not any(one.begins <= at < one.ends for one in nights)),
            *((one.ends + timedelta(minutes=2), 0, None) for one in nights),
            *((one.heard + one.answer_after, 2, one) for one in life.questions if one.heard and one.answer_after),
        ]
        happenings.sort(key=lambda one: one[:2])
        for (at, _), group in groupby(happenings, key=lambda one: one[:2]):
            together = [one[2] for one in group]
            self.chance.shuffle(together)
            with time_machine.travel(at, tick=False):
                self._happen(at, together)

    def _happen(self, at: datetime, together: Sequence[Sms | Question | None]) -> None:
        for one in together:
            match one:
                case None:
                    self.clock.run_all(at)
                case Sms():
                    self._deliver(one)
                case Question():
                    self._answer(one, at)
        if not self.database.away:
            cast(Immediate, self.exchange.work).run_all()

    def _deliver(self, sms: Sms) -> None:
        text = sms.text
        if sms.numbered_by is not None:
            text = text.format(number=self._number(sms.numbered_by))
        form = {"id": sms.id, "from": sms.sender, "text": text}
        if sms.stamped:
            form["at"] = sms.at.isoformat()
        self.database.away = sms.kept
        answer = self.client.post(f"/hooks/{self.world.token}/sms", data=form)
        self.database.away = False
        if answer.status_code != (202 if sms.kept else 200):
            self.refused.append(f"{sms.id}: {answer.status_code}")
        self.posted += 1
        if not sms.burst and not sms.kept:
            cast(Immediate, self.exchange.work).run_all()

    def _number(self, id_: str) -> int:
        with self.database.reading() as session:
            asked = session.scalars(select(Message).where(Message.external_id == id_)).one()
            reply = session.scalar(select(Message.text).where(Message.answers_id == asked.id))
            found = NUMBER.search(reply or "")
            assert found is not None, f"no number in the answer to {asked.text}: {reply}"
            return int(found[1])

    def _answer(self, question: Question, at: datetime) -> None:
        with self.database.writing() as session:
            row = session.scalars(
                select(Inquiry).join(Message, Message.id == Inquiry.message_id).where(Message.external_id == question.id)
            ).one()
            inquiries.answered(session, row, "Dans un pot fermé, à l'ombre.", self.world.staff["fanta"], at)
