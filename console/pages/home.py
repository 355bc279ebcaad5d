"""Accueil: what needs me today, and the switch that stops everything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, url_for

from campaigns.coming import coming
from campaigns.estimates import begins
from clubs import inbox, search
from clubs.expected import late_count, silent
from clubs.models import Club, Member
from clubs.people import phones_of
from clubs.records import Inquiry, InquiryState
from console import budget_words, campaign_words, channel_states, reviewing
from console.access import EVERYONE, Answer, Pages, R, scope, who
from console.answering import ANSWERS, eyes
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import done, render
from console.pages.contacts import READS
from console.staff import Staff
from console.words import _
from messaging import broadcasts, figures, money, today, waiting, windows
from messaging.errors import ForbiddenMove
from messaging.models import Broadcast
from runtime import audit
from runtime.clock import jumped, last_beat
from runtime.database import Session
from runtime.installation import Installation
from translations import overview

pages = Pages("home")

TICKS = {"look": "first_look", "simulator": "first_simulator"}
OLD_BEAT = timedelta(seconds=60)
SENDS = {R.ADMINISTRATION, R.COMMUNICATION}
SEES_MACHINE = {R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION, R.SUIVI}


@pages.page("/", roles=EVERYONE)
def index() -> Answer:
    """The home page; Terrain and Lecture see less."""
    with reading() as session:
        at = now(session)
        allowed = scope(session)
        phones = None if allowed is None else phones_of(allowed)
        values: dict[str, Any] = {"day": today.day(session, _midnight(at), phones), "at": at}
        values["first_steps"] = _first_steps(session)
        values |= _clubs(session, at)
        values["in_doubt"] = search.doubtful(session, allowed) if who().may(*READS) else 0
        values |= {"to_confirm": reviewing.sendings(session), "to_review": reviewing.texts(session)}
        values["returned"] = [(one, one.content.title) for one in overview.returned(session, who().id)]
        if who().roles & SEES_MACHINE:
            values |= _machine(session, at)
    return render("home/index.html", **values)


def _midnight(at: datetime) -> datetime:
    local = at.astimezone(ZoneInfo(exchange().settings.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(at.tzinfo)


def _clubs(session: Session, at: datetime) -> dict[str, Any]:
    allowed = scope(session)
    quiet = session.query(Club).filter(Club.id.in_(silent(session, at.date()))).order_by(Club.code)
    if allowed is not None:
        quiet = quiet.filter(Club.village_id.in_(allowed))
    return {
        "silent": [(club.id, club.code, club.village.name) for club in quiet],
        "late": late_count(session, at.date(), allowed),
        "follows": who().may(*ANSWERS),
    }


def _machine(session: Session, at: datetime) -> dict[str, Any]:
    beat = last_beat(session)
    installation = session.get(Installation, 1)
    stopped_by = installation and installation.stopped_by
    allowed = windows.in_force(session, exchange().settings)
    return {
        "planned": [(one, begins(allowed, one, one.not_before)) for one in today.cancellable(session)],
        "coming": coming(session, exchange().settings, at),
        "unread": _unread(session),
        "troubles": [(one, channel_states.trouble(one)) for one in figures.troubles(session, at)],
        "low": [(budget_words.scope(session, one.scope), one) for one in money.low(session, windows.of(exchange().settings), at)],
        "unsettled": figures.unsettled(session, at),
        "waits": waiting.waits(session, at),
        "wait_words": campaign_words.WAITS,
        "beat": beat,
        "wall": wall_time(),
        "beat_is_old": beat is None or wall_time() - beat > OLD_BEAT,
        "clock_jumped": jumped(session),
        "stopper": session.get(Staff, stopped_by) if stopped_by else None,
    }


def _unread(session: Session) -> int:
    if scope(session) is None:
        return session.query(Inquiry).filter_by(state=InquiryState.OPEN).count() + today.unread(session)
    shelves = inbox.counts(session, eyes(session))
    return shelves[inbox.Shelf.QUESTIONS] + shelves[inbox.Shelf.UNREAD]


@dataclass(frozen=True)
class Step:
    """One of the four things a newcomer does; `tick` is its name where only the person can say that it is done."""

    words: str
    endpoint: str
    done: bool
    tick: str | None = None


def _first_steps(session: Session) -> list[Step]:
    ticked = session.query(audit.AuditEntry.action).filter(
        audit.AuditEntry.staff_id == who().id, audit.AuditEntry.action.in_(TICKS.values())
    )
    done_ = {action for (action,) in ticked}
    return [
        Step(_("Faire le tour des villages et des clubs"), "villages.index", TICKS["look"] in done_, "look"),
        Step(_("Essayer le simulateur"), "simulator.index", TICKS["simulator"] in done_, "simulator"),
        Step(_("Importer les contacts"), "contacts.index", session.query(Member.id).first() is not None),
        Step(_("Relier une passerelle"), "channels.index", today.any_channel(session, but=("simulator",))),
    ]


@pages.page("/premiers-pas/<name>", roles=EVERYONE, post=True)
def tick(name: str) -> Answer:
    """Tick one of the first steps off."""
    if name not in TICKS:
        abort(404)
    with writing() as session:
        audit.record(session, now(session), TICKS[name], "staff", who().id, staff_id=who().id)
    return done(url_for("home.index"))


@pages.page("/envois/<int:number>/annuler", roles=SENDS, post=True)
def cancel(number: int) -> Answer:
    """« Annuler » a sending within its window."""
    with writing() as session:
        broadcast = session.get(Broadcast, number) or abort(404)
        title, cancelled = broadcast.title, True
        try:
            broadcasts.cancel(session, broadcast, now(session), "staff")
            audit.record(session, now(session), "cancel_broadcast", "broadcast", number, staff_id=who().id)
        except ForbiddenMove:
            cancelled = False
    if not cancelled:
        return done(url_for("home.index"), _("« %(title)s » n'attend plus : rien n'a changé.", title=title))
    return done(url_for("home.index"), _("« %(title)s » est annulé.", title=title))


@pages.page("/tout-arreter", roles=SENDS, post=True)
def stop() -> Answer:
    """« Tout arrêter »: nothing is claimed any more, replies included."""
    with writing() as session:
        broadcasts.stop_all(session, who().id, now(session))
    return done(url_for("home.index"), _("Les envois sont arrêtés. Ce qui est déjà chez l'opérateur ne peut plus être repris."))


@pages.page("/reprendre", roles=SENDS, post=True)
def start_again() -> Answer:
    """Undo « Tout arrêter »."""
    with writing() as session:
        broadcasts.start_again(session, exchange(), who().id, now(session))
    return done(url_for("home.index"), _("Les envois reprennent."))
