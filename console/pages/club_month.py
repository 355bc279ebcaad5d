"""A club's month at a glance, and what of it is printed: the village's poster, the facilitator's card, the consent register."""

from datetime import date
from typing import Any

from campaigns import card
from clubs import month, overview, people
from clubs.models import Village
from clubs.register import consents_of
from console import club_words
from console.access import EVERYONE, STAFF, Answer, Pages, R, who
from console.club_scope import club_here, month_of_address
from console.club_words import few
from console.edge import exchange, now, reading
from console.forms import render
from console.pages.clubs import TOTALS_ONLY, themes
from runtime.database import Session

pages = Pages("club_month")
REGISTER = {R.ADMINISTRATION, R.COMMUNICATION, R.TERRAIN}
EMPTY_LINES = 14


@pages.page("/clubs/<int:number>/mois", roles=EVERYONE)
def index(number: int) -> Answer:
    """The month that is running."""
    with reading() as session:
        return _month(session, number, month.first_of(now(session).date()))


@pages.page("/clubs/<int:number>/mois/<when>", roles=EVERYONE)
def show(number: int, when: str) -> Answer:
    """One month: what it adds up to, and each day for whoever may read reports one by one."""
    with reading() as session:
        return _month(session, number, month_of_address(when))


def _month(session: Session, number: int, first: date) -> Answer:
    values = _around(session, number, first)
    return render("clubs/month.html", words=club_words, few=few, by_day=not who().roles <= TOTALS_ONLY, **values)


@pages.page("/clubs/<int:number>/affiche/<when>", roles=EVERYONE)
def poster(number: int, when: str) -> Answer:
    """« Le retour au village »: one page of pictures for the club's wall."""
    with reading() as session:
        values = _around(session, number, month_of_address(when))
    return render("clubs/poster.html", few=few, **values)


@pages.page("/clubs/<int:number>/carte", roles=STAFF)
def printed_card(number: int) -> Answer:
    """The card a facilitator keeps: numbers to write to, the club's code, themes of the quarter, right examples."""
    with reading() as session:
        club = club_here(session, number)
        at = now(session)
        village = session.get_one(Village, club.village_id)
        found = card.card_of(session, club, village, at)
        posted = people.facilitators(session, number, at.date())
        names = [each.name for each in posted] if who().sees_people else [None for _ in posted]
        values = {"club": club, "village": village, "card": found, "names": names or [None], "today": at.date()}
    return render("clubs/card.html", words=club_words, **values)


@pages.page("/clubs/<int:number>/registre", roles=REGISTER)
def register(number: int) -> Answer:
    """The consent register: what was agreed so far, numbers masked, and empty lines to fill in by hand."""
    with reading() as session:
        club = club_here(session, number)
        values: dict[str, Any] = {"club": club, "village": session.get_one(Village, club.village_id)}
        values |= {"lines": consents_of(session, number), "script": card.consent_script(session, now(session))}
        values["version"] = card.consent_version()
    return render("clubs/register.html", empty_lines=EMPTY_LINES, **values)


def _around(session: Session, number: int, first: date) -> dict[str, Any]:
    club, today = club_here(session, number), now(session).date()
    found = month.month_of(session, number, first)
    values: dict[str, Any] = {"club": club, "village": session.get_one(Village, club.village_id), "month": found, "today": today}
    later = month.after(first) if month.after(first) <= today else None
    values |= {"earlier": month.before(first), "later": later, "themes": themes(session)}
    return values | {"zone": exchange().settings.timezone, "languages_by_code": overview.languages(session)}
