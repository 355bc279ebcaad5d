"""When clubs meet: a club's rhythm, its village's market, and a pause for all the villages of an area."""

from typing import Any

from flask import url_for

from campaigns.audiences import EVENING
from clubs import calendar
from clubs.areas import areas, pause
from clubs.models import Club, MarketRule, Village
from console import club_words
from console.access import Answer, Pages, R, who
from console.club_scope import club_here, village_here
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.pages.clubs import PAUSES, pause_days
from console.words import _, ngettext
from messaging import windows
from runtime import audit
from runtime.database import Session

pages = Pages("club_calendar")
LONGEST = 60


@pages.page("/clubs/<int:number>/calendrier", roles=PAUSES, form=True)
def club(number: int) -> Answer:
    """How a club meets; a change counts from tomorrow."""
    with reading() as session:
        row = club_here(session, number)
    form = Typed.sent_or(_as_form(row))
    if form.sent:
        weekday = form.one_of("weekday", [str(day) for day in range(7)])
        every = form.whole("every_days", needed=_("Écrivez un nombre de jours."), least=1, most=LONGEST)
        rule = form.one_of("market_rule", [one.value for one in MarketRule])
        hour = form.hour("meets_at")
        slot = _slot(form)
        if not weekday and rule not in (MarketRule.ON, MarketRule.EVE):
            form.wrong("weekday", _("Choisissez le jour de la semaine, ou le jour du marché."))
        if not form.errors:
            with writing() as session:
                row = session.get_one(Club, number)
                row.weekday, row.every_days = int(weekday) if weekday else None, every
                row.market_rule, row.meets_at = MarketRule(rule) if rule else None, hour
                row.hours, row.evening = slot, False
                _begin_again(session, row)
                audit.record(session, now(session), "set_calendar", "club", number, staff_id=who().id)
            return done(url_for("villages.club", number=number), _("Calendrier enregistré. Il compte à partir de demain."))
    values: dict[str, Any] = {
        "club": row,
        "form": form,
        "rules": [(one.value, club_words.MARKET_RULES[one]) for one in MarketRule],
    }
    values |= {"weekdays": list(enumerate(club_words.WEEKDAYS)), "open": usual_hours(windows.of(exchange().settings))}
    return render("clubs/calendar.html", **values), 422 if form.errors else 200


@pages.page("/villages/<int:number>/marche", roles=PAUSES, form=True)
def market(number: int) -> Answer:
    """A village's market: every five or seven days, from one market day on."""
    with reading() as session:
        row = village_here(session, number)
    form = Typed.sent_or({"cycle": row.market_cycle_days or "", "anchor": row.market_anchor or ""})
    if form.sent:
        cycle = form.one_of("cycle", ["5", "7"])
        anchor = form.day("anchor", needed=_("Choisissez un jour de marché.") if cycle else None)
        if not form.errors:
            with writing() as session:
                row = session.get_one(Village, number)
                row.market_cycle_days, row.market_anchor = (int(cycle), anchor) if cycle else (None, None)
                session.flush()
                for each in session.query(Club).filter_by(village_id=number, active=True):
                    if each.market_rule is not None:
                        _begin_again(session, each)
                audit.record(session, now(session), "set_market", "village", number, staff_id=who().id)
            return done(url_for("villages.village", number=number), _("Marché enregistré."))
    return render("clubs/market.html", village=row, form=form), 422 if form.errors else 200


@pages.page("/villages/zones", roles={R.COMMUNICATION}, form=True)
def zones() -> Answer:
    """Pause every village of an area: a network that is down, a road that is not safe."""
    with reading() as session:
        known = areas(session, now(session).date())
    form = Typed.sent_or()
    if form.sent:
        area = form.one_of("area", [str(one.id) for one in known], needed=_("Choisissez une zone."))
        again = form.ticked("again")
        until, since = pause_days(form, again)
        if not form.errors:
            with writing() as session:
                at = now(session)
                changed = pause(session, int(area), until, since=since, now=at)
                act = "pause_area" if until else "end_pause_area"
                audit.record(session, at, act, "area", int(area), staff_id=who().id)
            said = ngettext("%(num)s village changé.", "%(num)s villages changés.", changed)
            return done(url_for("club_calendar.zones"), said)
    return render("clubs/zones.html", areas=known, form=form), 422 if form.errors else 200


def _slot(form: Typed) -> str | None:
    """The club's agreed hours, within those of sendings or in the evening; None where it agreed to none of its own."""
    since, until = form.hour("slot_from"), form.hour("slot_to")
    if since is None and until is None:
        return None
    if since is None or until is None or since >= until:
        form.wrong("slot_from", _("Donnez le début, puis une fin plus tardive. Laissez les deux vides pour les heures de tous."))
        return None
    slot, usual = f"{since}-{until}", windows.of(exchange().settings)
    if not windows.leaves_something(usual, slot):
        form.wrong("slot_from", _("Rien ne part à ces heures. Choisissez dans %(open)s.", open=usual_hours(usual)))
    return slot


def usual_hours(usual: windows.Windows) -> str:
    """« 08:00-12:00, 16:00-20:00, 19:00-21:00 »: where a club may choose."""
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in [*usual.open, windows.EVENING])


def _begin_again(session: Session, row: Club) -> None:
    """The next expected day by the new rhythm; what was already owed stays owed."""
    village = session.get_one(Village, row.village_id)
    row.next_expected = calendar.rhythm_of(row, village).first(now(session).date())


def _as_form(row: Club) -> dict[str, Any]:
    weekday = "" if row.weekday is None else str(row.weekday)
    rule = row.market_rule.value if row.market_rule else ""
    since, _dash, until = (row.hours or (EVENING if row.evening else "")).partition("-")
    slot = {"slot_from": since, "slot_to": until}
    return {"weekday": weekday, "every_days": row.every_days, "meets_at": row.meets_at or "", "market_rule": rule, **slot}
