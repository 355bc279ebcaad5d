"""Plays every conversation of tests/transcripts through the webhook, as a provider would post it.

`# comment`; `@ +5 min` (or h) lets time pass; `? key name` sends that content to a person; `< name text` is what a phone sends
(a name of the small world or a number); each `> text` below it is a reply, `...` standing for any words, `> -` for silence.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import broadcasts
from campaigns.audiences import Filter
from clubs.models import Member
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Direction, Message, MessageState, Route
from tests.world import World

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}


class Phones:
    """The telephones of one conversation, and its time."""

    def __init__(self, exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
        self.exchange, self.client, self.world, self.now = exchange, client, world, now
        self.sent = 0

    def wait(self, said: str) -> None:
        """`+5 min`: let time pass."""
        found = re.fullmatch(r"\+(\d+) (min|h)", said)
        assert found is not None, f"no time: {said}"
        self.now += int(found[1]) * UNITS[found[2]]

    def put(self, said: str) -> None:
        """`key name`: send a content to one person and see it leave."""
        key, name = said.split()
        with self.exchange.database.writing() as session:
            club = session.get_one(Member, self.world.members[name]).club_id
            row = Broadcast(
                title=key,
                content_id=self.world.contents[key],
                route=Route.SMS,
                audience=Filter(clubs=(club or 0,), one_phone_per_club=False).to_json(),
                state=BroadcastState.PLANNED,
                due_at=self.now,
                not_before=self.now,
                expires_at=self.now + timedelta(hours=24),
                created_at=self.now,
            )
            session.add(row)
            session.flush()
            id_ = row.id
        with time_machine.travel(self.now, tick=False):
            broadcasts.fan_out(self.exchange, id_, self.now)
            broadcasts.start_due(self.exchange, self.now)
            self.exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate's own
        mine = (Message.broadcast_id == id_, Message.contact_id == self.world.contacts[name])
        with self.exchange.database.reading() as session:
            assert session.scalars(select(Message.state).where(*mine)).one() is MessageState.WIRED

    def send(self, said: str) -> list[str]:
        """`name text`: post an SMS and give back every reply to it."""
        name, text = said.split(" ", 1)
        self.sent += 1
        form = {"id": f"sms-{self.sent}", "from": self.world.numbers.get(name, name), "text": text, "at": self.now.isoformat()}
        with time_machine.travel(self.now, tick=False):
            assert self.client.post(f"/hooks/{self.world.token}/sms", data=form).status_code == 200
            self.exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate's own
        with self.exchange.database.reading() as session:
            last = session.scalars(select(Message).where(Message.direction == Direction.IN).order_by(Message.id.desc())).first()
            assert last is not None
            assert last.state is MessageState.HANDLED
            replies = list(session.scalars(select(Message).where(Message.answers_id == last.id).order_by(Message.id)))
            assert all(reply.state is MessageState.WIRED and reply.parts == 1 for reply in replies)
            return [reply.text or "" for reply in replies]


def as_pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in expected.split("...")))


def play(phones: Phones, script: str) -> None:
    """Raises AssertionError at the first line that goes otherwise."""
    waiting: list[str] = []
    for number, line in enumerate(script.splitlines(), start=1):
        mark, _, said = line.partition(" ")
        if mark in ("<", "?", "@"):
            assert waiting == [], f"line {number}: a reply nobody expected: {waiting}"
        match mark:
            case "<":
                waiting = phones.send(said)
            case ">" if said == "-":
                assert waiting == [], f"line {number}"
            case ">":
                assert waiting, f"line {number}: silence"
                assert as_pattern(said).fullmatch(waiting[0]), f"line {number}: {waiting[0]}"
                waiting = waiting[1:]
            case "@":
                phones.wait(said)
            case "?":
                phones.put(said)
            case _:
                assert mark in ("#", ""), f"line {number} is no line of a transcript"
    assert waiting == []


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_the_conversation_goes_as_written(path: Path, exchange: Exchange, client: FlaskClient, world: World) -> None:
    now = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
    play(Phones(exchange, client, world, now), path.read_text(encoding="utf-8"))


def test_a_transcript_that_differs_fails(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    phones = Phones(exchange, client, world, now)
    for script in ("< awa AIDE\n> Bonjour", "< awa AIDE\n> -", "< awa AIDE", "> Bonjour", "% ?"):
        with pytest.raises(AssertionError):
            play(phones, script)
        phones.now += timedelta(hours=30)
