"""Nouvelle campagne, its fourth step: when, how often and after what, for how long, and what if the moment is missed."""

import re
from datetime import UTC, datetime, time, timedelta
from datetime import date as calendar_day
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from campaigns import drafts
from campaigns.drafts import When
from campaigns.models import Campaign, CatchUp, Given, Priority, Question, Repeat, SeasonKind
from campaigns.plan import Step
from clubs.models import MarketRule
from console import campaign_words
from console.access import Answer, Pages, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done
from console.pages.new_campaign import WRITES, draft_of, step_page
from console.words import _, day, time_zone
from messaging import windows
from runtime.database import Session
from translations.models import Content, ContentKind

pages = Pages("campaign_date")
HOUR = re.compile(r"(\d{1,2})\s*[h:]\s*(\d{2})?(?::\d{2})?")
HOURS = (4, 8, 12, 24, 48, 72, 168)
LONGEST_AFTER = 24 * 14
AFTER_SOMETHING = (Repeat.EPISODE, Repeat.ANSWER)


@pages.page("/campagnes/<int:number>/date", roles=WRITES, form=True)
def date(number: int) -> Answer:
    """Step 4: when, for how long, and what if the moment is missed."""
    with reading() as session:
        campaign = draft_of(session, number)
        question = session.get_one(Content, campaign.events[0].content_id).kind is ContentKind.QUESTION
        at = now(session)
        form = Typed.sent_or(_dates(campaign, at))
        asked, (on, allowed) = _questions(session), _allowed(session, form, at)
    if form.sent:
        when = _when(form, campaign, question, at, asked)
        if not form.errors:
            with writing() as session:
                drafts.date(draft_of(session, number), when, who().id)
            return done(url_for("check_campaign.index", number=number))
    values = {"question": question, "asked": asked.items(), "hours": HOURS, "on": on, "allowed": allowed}
    return step_page("campaigns/date.html", Step.DATE, campaign, form, **values)


def _questions(session: Session) -> dict[str, str]:
    rows = session.query(Question.id, Content.title).join(Content, Content.id == Question.content_id).order_by(Question.id)
    return {str(number): title for number, title in rows}


def _dates(campaign: Campaign, at: datetime) -> dict[str, Any]:
    event = campaign.events[0]
    starts = (event.starts_at or at + timedelta(days=1)).astimezone(ZoneInfo(time_zone()))
    decided = campaign.step > drafts.DATE and event.starts_at is None
    return {
        "when": "now" if decided else "later",
        "day": starts.date().isoformat(),
        "hour": starts.strftime("%H:%M") if event.starts_at else "09:00",
        "repeat": event.repeat.value if event.repeat is not Repeat.STAGE else Repeat.ONCE.value,
        "until": event.until.astimezone(ZoneInfo(time_zone())).date().isoformat() if event.until else "",
        "expires": event.expires_hours,
        "catch_up": event.catch_up.value,
        "phase": event.phase or "",
        "priority": campaign.priority.value,
        "market": (event.market or MarketRule.ON).value,
        "season": (event.season or SeasonKind.LEAN).value,
        "days_into": event.days_into or 0,
        "weekly": event.weekly,
        "hours_after": "" if event.hours_after is None else event.hours_after,
        "asked": event.question_id or "",
        "given": (event.given or Given.ANY).value,
    }


def _when(form: Typed, campaign: Campaign, question: bool, at: datetime, asked: dict[str, str]) -> When:
    later = form.value("when") != "now"
    repeat = form.kind("repeat", Repeat, Repeat.ONCE) if later else Repeat.ONCE
    starts = _moment(form) if later else None
    if starts is not None and starts < at and repeat is Repeat.ONCE:
        form.wrong("day", _("Cette date est déjà passée. Choisissez une date à venir."))
    last = form.day("until") if repeat is not Repeat.ONCE else None
    until = datetime.combine(last, time(23, 59), ZoneInfo(time_zone())).astimezone(UTC) if last else None
    if until is not None and until < (starts or at):
        form.wrong("until", _("La dernière date est avant la première. Corrigez l'une des deux."))
    expires = form.whole("expires", least=1, most=24 * 14, otherwise=24)
    phase = form.one_of("phase", ["before", "after"]) if question else ""
    catch_up = form.kind("catch_up", CatchUp, CatchUp.SEND_LATE)
    priority = form.kind("priority", Priority, Priority.NORMAL)
    quiet = campaign.events[0].quiet_hours
    return When(starts, repeat, until, expires, catch_up, quiet, phase or None, priority, **_rule(form, repeat, asked))


def _rule(form: Typed, repeat: Repeat, asked: dict[str, str]) -> dict[str, Any]:
    """What belongs to this way of coming back, and to no other."""
    if repeat is Repeat.MARKET:
        return {"market": form.kind("market", MarketRule, MarketRule.ON)}
    if repeat is Repeat.SEASON:
        days = form.whole("days_into", most=366)
        return {"season": form.kind("season", SeasonKind, SeasonKind.LEAN), "days_into": days, "weekly": form.ticked("weekly")}
    if repeat not in AFTER_SOMETHING:
        return {}
    hours = form.whole("hours_after", needed=_("Dites combien d'heures après."), most=LONGEST_AFTER)
    if repeat is Repeat.EPISODE:
        return {"hours_after": hours}
    which = form.one_of("asked", asked, needed=_("Choisissez la question."))
    given = form.kind("given", Given, Given.ANY)
    return {"hours_after": hours, "question_id": int(which) if which else None, "given": given}


def _moment(form: Typed) -> datetime | None:
    on = form.day("day", needed=_("Choisissez un jour."))
    hour = form.text("hour", needed=_("Choisissez une heure."))
    found = HOUR.fullmatch(hour)
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        form.wrong("hour", _("Cette heure n'est pas lisible. Écrivez par exemple 09:00."))
        return None
    local = time(int(found[1]), int(found[2] or 0))
    return datetime.combine(on, local, ZoneInfo(time_zone())).astimezone(UTC) if on else None


def _allowed(session: Session, form: Typed, at: datetime) -> tuple[str, str]:
    """The day that the form shows, and its hours."""
    hours = windows.in_force(session, exchange().settings)
    on = _day(form.value("day")) or at.astimezone(hours.zone).date()
    return day(on), campaign_words.hours(hours.spans(datetime.combine(on, time(), hours.zone)))


def _day(typed: str) -> calendar_day | None:
    try:
        return calendar_day.fromisoformat(typed)
    except ValueError:
        return None
