"""Suivi des clubs: reports to settle, reports that contradict something, reports that did not come, and the month's spot checks.

A supervisor sees their own villages; anything else is not there (404).
"""

from datetime import date
from itertools import pairwise
from typing import Any

from flask import abort, request, url_for

from clubs import by_hand, doubts, expected, inbox, month, reports, spot_checks, unasked
from clubs.inbox import Shelf
from clubs.models import Club, Village
from clubs.records import Report, ReportState
from console import club_words, deciding
from console.access import Answer, Pages, R, who
from console.answering import ANSWERS, eyes
from console.club_scope import club_here, month_of_address, own_villages
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.pages.clubs import themes
from console.words import _, lazy, ngettext
from messaging.models import Message
from runtime import audit
from runtime.database import Session

pages = Pages("supervision")
CHECKS = ANSWERS | {R.SUIVI, R.ADMINISTRATION}
DRAWS = {R.COMMUNICATION, R.SUIVI}
MOST = 50
WORD = 60
FIELDS = (
    ("theme", lazy("Thème")),
    ("recipe", lazy("Recette")),
    ("event_type", lazy("Événement")),
    ("reason", lazy("Motif")),
    ("women", lazy("Femmes")),
    ("men", lazy("Hommes")),
    ("youth", lazy("Jeunes")),
    ("mothers", lazy("Mères")),
    ("children", lazy("Enfants")),
    ("radio", lazy("Radio")),
    ("before", lazy("Bonnes réponses avant")),
    ("after", lazy("Bonnes réponses après")),
    ("voters", lazy("Votants")),
    ("villages", lazy("Villages")),
)


@pages.page("/suivi", roles=ANSWERS)
def index() -> Answer:
    """What a supervisor has to look at, in three lists."""
    with reading() as session:
        today, allowed = now(session).date(), own_villages(session)
        mine = eyes(session)
        unsettled = inbox.shelf(session, mine, Shelf.REPORTS, 0, MOST)
        odd, owed = doubts.doubts(session, today, allowed), expected.late(session, today, allowed)
        counts = {"unsettled": inbox.counts(session, mine)[Shelf.REPORTS], "odd": len(odd), "late": len(owed)}
        phones = unasked.facilitator_phones(session, {club.id: club.phone_id for _, club, _ in owed[:MOST]}, now(session))
        late = [(row, club, village, phones.get(club.id)) for row, club, village in owed[:MOST]]
        values: dict[str, Any] = {"unsettled": unsettled, "odd": odd[:MOST], "late": late, "themes": themes(session)}
    return render("supervision/index.html", words=club_words, counts=counts, most=MOST, **values)


@pages.page("/suivi/rapport/<int:number>", roles=ANSWERS)
def report(number: int) -> Answer:
    """All versions of a report side by side with what changed, and the decision where one is awaited."""
    with reading() as session:
        versions, club = _report(session, number)
        texts = {row.id: session.get(Message, row.message_id) if row.message_id else None for row in versions}
        values: dict[str, Any] = {"versions": versions, "club": club, "village": session.get(Village, club.village_id)}
        values |= {"texts": texts, "themes": themes(session), "lines": _lines(versions), "number": number}
    waiting = next((row for row in versions if row.state in by_hand.WAITING), None)
    return render("supervision/report.html", words=club_words, waiting=waiting, form=Typed(), most=WORD, **values)


@pages.page("/suivi/rapport/<int:number>/decider", roles=ANSWERS, post=True)
def decide(number: int) -> Answer:
    """Count a held or unverified report or refuse it, and tell the facilitator why."""
    accept, word = bool(request.form.get("accept")), " ".join(request.form.get("word", "").split())[:WORD]
    with writing() as session:
        versions, _club = _report(session, number)
        row = next((each for each in versions if each.state in by_hand.WAITING), None)
        said = deciding.decide(session, row, accept, word) if row is not None else _("Un collègue a déjà traité ce rapport.")
    return done(url_for("supervision.index"), said)


@pages.page("/suivi/rapport/<int:number>/laisser", roles=ANSWERS, post=True)
def let_stand(number: int) -> Answer:
    """What looked odd is right: it is not asked about again."""
    with writing() as session:
        versions, _club = _report(session, number)
        row = next((each for each in versions if each.state is ReportState.VALID), None) or abort(404)
        row.cleared_at, row.cleared_by = now(session), who().id
        audit.record(session, now(session), "let_report_stand", "report", row.id, staff_id=who().id)
    return done(url_for("supervision.index"), _("Rapport gardé tel quel."))


@pages.page("/suivi/verifications", roles=CHECKS)
def checks() -> Answer:
    """The draw of the month before, which supervisors are counting now."""
    with reading() as session:
        return _checks(session, month.before(now(session).date()))


@pages.page("/suivi/verifications/<when>", roles=CHECKS)
def checks_of(when: str) -> Answer:
    """One month's draw."""
    with reading() as session:
        return _checks(session, month_of_address(when))


@pages.page("/suivi/verifications/<when>/tirer", roles=DRAWS, post=True)
def draw(when: str) -> Answer:
    """Draw a month that is over, by hand; those drawn before stay."""
    first = month_of_address(when)
    with writing() as session:
        at = now(session)
        if month.after(first) > at.date():
            abort(404)
        drawn = len(spot_checks.draw(session, exchange(), first, at))
        audit.record(session, at, "draw_checks", "spot_check", None, staff_id=who().id, month=f"{first:%Y-%m}", drawn=drawn)
    return done(
        url_for("supervision.checks_of", when=when),
        ngettext("%(num)s séance tirée au sort.", "%(num)s séances tirées au sort.", drawn),
    )


def _checks(session: Session, first: date) -> Answer:
    today = now(session).date()
    found = spot_checks.checks(session, first, own_villages(session))
    later = month.after(first) if month.after(first) < month.first_of(today) else None
    values: dict[str, Any] = {"checks": found, "factor": spot_checks.factor(found), "first": first}
    values |= {"earlier": month.before(first), "later": later, "over": month.after(first) <= today}
    return render("supervision/checks.html", draws=bool(who().roles & DRAWS), **values)


def _report(session: Session, number: int) -> tuple[list[Report], Club]:
    versions = reports.versions(session, number)
    if not versions or versions[0].club_id is None:
        abort(404)
    return versions, club_here(session, versions[0].club_id)


def _lines(versions: list[Report]) -> list[tuple[Any, list[tuple[str, bool]]]]:
    """Each field said in any version: its words, then each version's value and whether it differs from the version before."""
    lines = []
    for name, words in FIELDS:
        told = [_value(row.values.get(name)) for row in versions]
        if any(told):
            changed = [False, *(value != before for before, value in pairwise(told))]
            lines.append((words, list(zip(told, changed, strict=True))))
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(_("oui") if value else _("non"))
    return "" if value is None else str(value)
