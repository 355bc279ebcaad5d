"""The same programme in a database, played by the service: its clock, its fan-out and its outbox, at given moments."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from campaigns import agreements, broadcasts, enrolments, firing, schedule
from campaigns.filters import Filter
from campaigns.models import (
    Answer,
    Campaign,
    CampaignEvent,
    CatchUp,
    Enrolment,
    EnrolmentState,
    Given,
    Occurrence,
    Priority,
    Recipient,
    Repeat,
    Season,
    SeasonKind,
)
from clubs.grammar.damm import check_digit
from clubs.models import AgeBand, Area, Club, ClubKind, MarketRule, Member, Role, Sex, Village
from clubs.records import RadioEpisode, RadioStation
from messaging import contacts, outbox, settling
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    Consent,
    Contact,
    ContactState,
    Direction,
    Kind,
    Message,
    MessageState,
    OpenPrompt,
    PromptKind,
    Purpose,
    Ramadan,
    Route,
)
from runtime.crypto import blind
from runtime.database import Session
from runtime.installation import installation
from tests import crowd
from tests.messaging.fakes import Scripted, wired
from tests.world import World
from tests.year.model import Fate
from tests.year.programme import Happening, Programme, Sending

THEME = 12
BAMAKO = ZoneInfo("Africa/Bamako")
RANKS = (Priority.HIGH, Priority.NORMAL, Priority.LOW)
SENT = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)


@dataclass
class Written:
    """Ids by the programme's own numbers."""

    villages: list[int]
    clubs: list[int]
    phones: list[int]
    people: list[int]
    events: dict[int, str]
    series: int


def write(exchange: Exchange, world: World, given: Programme) -> Written:
    """The whole programme, scheduled at six on its first morning."""
    begins = datetime.combine(given.first, time(6), given.away[0].tzinfo)
    cast(dict[str, object], exchange.gateways)["simulator"] = Scripted(say=wired)
    crowd.channel(exchange.database, world, 500)
    with exchange.database.writing() as session:
        session.execute(update(Member).values(left_at=begins))  # the small world's own people would be in every audience
        session.execute(update(Club).values(active=False))
        installation(session).series = True
        session.add(Ramadan(first_day=given.ramadan[0], last_day=given.ramadan[1]))
        for kind, first, last in given.seasons:
            session.add(Season(kind=SeasonKind(kind), first_day=first, last_day=last))
        written = _people(session, given, begins)
        _radio(session, given, written)
        written.events, written.series = _campaigns(session, exchange, world, given, begins)
        series = session.get_one(Campaign, written.series)
        for person, birth in given.births.items():
            member = session.get_one(Member, written.people[person])
            enrolments.enrol(session, series, member, birth, begins, BAMAKO)
    return written


def _people(session: Session, given: Programme, begins: datetime) -> Written:
    near, far = Area(kind="commune", name="Près"), Area(kind="commune", name="Loin")
    session.add_all((near, far))
    session.flush()
    villages = [
        Village(
            code=f"Y{number:02}",
            name=f"Village {number}",
            area_id=near.id if one.heard else far.id,
            market_cycle_days=one.cycle,
            market_anchor=one.anchor if one.cycle else None,
            paused_until=one.paused_until,
        )
        for number, one in enumerate(given.places)
    ]
    session.add_all(villages)
    session.flush()
    clubs = [
        Club(
            code=f"{500 + number}" + check_digit(f"{500 + number}"),
            kind=ClubKind.CLUB,
            village_id=villages[place].id,
            created_at=begins,
            evening=given.slots.get(number) == "evening",
            hours="16:00-18:00" if given.slots.get(number) == "afternoon" else None,
        )
        for number, place in enumerate(given.clubs)
    ]
    numbers = [crowd.number(place) for place in range(len(given.phones))]
    phones = [Contact(number=one, number_index=blind(one), language="fr", created_at=begins) for one in numbers]
    session.add_all((*clubs, *phones))
    session.flush()
    for row, phone in zip(phones, given.phones, strict=True):
        purposes = [Purpose.PUSH] * phone.agreed + [Purpose.SERIES] * phone.series
        for purpose in purposes:
            session.add(Consent(contact_id=row.id, purpose=purpose, via="register", script_version="1", given_at=begins))
    people = [
        Member(
            club_id=clubs[one.club].id,
            contact_id=None if one.phone is None else phones[one.phone].id,
            role=Role.FACILITATOR if number < len(clubs) else Role.MEMBER,
            sex=Sex.WOMAN,
            age_band=AgeBand.ADULT,
            joined_at=begins,
        )
        for number, one in enumerate(given.people)
    ]
    session.add_all(people)
    session.flush()
    radio = RadioStation(name="Radio (année)", area_id=near.id)
    session.add(radio)
    session.flush()
    ids: list[list[int]] = [[row.id for row in rows] for rows in (villages, clubs, phones, people)]
    return Written(ids[0], ids[1], ids[2], ids[3], {}, 0)


def _radio(session: Session, given: Programme, written: Written) -> None:
    station = session.scalars(select(RadioStation.id).where(RadioStation.name == "Radio (année)")).one()
    for airs in given.episodes:
        session.add(RadioEpisode(station_id=station, title="Repas", theme_code=THEME, airs_at=airs))


def _campaigns(
    session: Session, exchange: Exchange, world: World, given: Programme, begins: datetime
) -> tuple[dict[int, str], int]:
    settings = exchange.settings.model_copy(update={"second_approval_above": 100_000})
    names: dict[int, str] = {}
    series = 0
    for one in given.sendings:
        campaign = Campaign(
            name=one.name,
            audience=Filter(one_phone_per_club=not one.everybody).to_json(),
            route=Route.SMS,
            priority=RANKS[one.rank],
            created_at=begins,
            created_by=world.staff["fanta"],
        )
        campaign.events = list(_events(one, world, given, begins))
        session.add(campaign)
        session.flush()
        schedule.schedule(session, campaign, begins, settings)
        for step, event in enumerate(campaign.events):
            names[event.id] = f"{one.name} {step}" if one.months else one.name
        series = campaign.id if one.months else series
    return names, series


def _events(one: Sending, world: World, given: Programme, begins: datetime) -> Iterator[CampaignEvent]:
    def event(repeat: Repeat, **more: object) -> CampaignEvent:
        first = cast(date, more.pop("day", None)) or one.weekday_from or given.first
        row = CampaignEvent(content_id=world.contents["eau-propre"], repeat=repeat, **more)
        row.starts_at = datetime.combine(first, time(one.hour), begins.tzinfo)
        row.expires_hours, row.catch_up = one.hours, CatchUp(one.policy)
        row.until = None if repeat is Repeat.STAGE else datetime.combine(given.last, time(23, 59), begins.tzinfo)
        return row

    if one.months:
        yield from (event(Repeat.STAGE, months_after=month) for month in one.months)
    elif one.days:
        yield from (event(Repeat.ONCE, day=day) for day in one.days)
    elif one.market:
        yield event(Repeat.MARKET, market=MarketRule(one.market))
    elif one.season:
        yield event(Repeat.SEASON, season=SeasonKind(one.season), days_into=one.days_into, weekly=one.weekly)
    elif one.after_radio is not None:
        yield event(Repeat.EPISODE, hours_after=one.after_radio)
    elif one.after_answer is not None:
        yield event(Repeat.ANSWER, hours_after=one.after_answer, question_id=world.question, given=Given.ANY)
    else:
        yield event(Repeat.WEEKLY)


def play(exchange: Exchange, world: World, given: Programme, written: Written) -> None:
    """Run the service at each moment, after what people did before it."""
    waiting, day = list(given.happenings), None
    for now in given.ticks:
        while waiting and waiting[0].at <= now:
            _happen(exchange, world, written, waiting.pop(0))
        if day != now.date():
            day = now.date()
            enrolments.suspend_unheard(exchange, now)
            settling.requeue_stale(exchange, now)
            broadcasts.finish(exchange, now)
            firing.redate_all(exchange, now)  # the clock does so each minute; nobody enters anything here but at seven
        firing.fire_due(exchange, now)
        with exchange.database.reading() as session:
            unwritten = list(session.scalars(select(Broadcast.id).where(Broadcast.cursor >= 0).order_by(Broadcast.id)))
        for id_ in unwritten:
            broadcasts.fan_out(exchange, id_, now)
        broadcasts.start_due(exchange, now)
        if _anything(exchange, now):
            outbox.dispatch(exchange, world.channel, lambda now=now: now)  # type: ignore[misc]  # a moment that stands still
        exchange.work.waiting.clear()  # type: ignore[attr-defined]  # Immediate's own: all of it was done above


def _anything(exchange: Exchange, now: datetime) -> bool:
    due = select(Message.id).where(Message.state == MessageState.QUEUED, Message.not_before <= now).limit(1)
    with exchange.database.reading() as session:
        return session.scalar(due) is not None


def _happen(exchange: Exchange, world: World, written: Written, one: Happening) -> None:
    with exchange.database.writing() as session:
        if one.what in ("end", "behind"):
            mine = select(Enrolment).where(Enrolment.member_id == written.people[one.whom])
            _by_staff(session, session.scalars(mine).one(), one)
        elif one.what == "repair":
            enrolments.repair(session, session.get_one(Campaign, written.series), BAMAKO)
        else:
            _by_phone(session, world, session.get_one(Contact, written.phones[one.whom]), one)


def _by_staff(session: Session, row: Enrolment, one: Happening) -> None:
    if one.what == "end":
        enrolments.end(row, one.at)
        return
    steps = sorted(session.get_one(Campaign, row.campaign_id).events, key=lambda event: event.id)
    later = [event for event in steps if row.next_event_id is not None and event.id > row.next_event_id]
    if row.state is EnrolmentState.ACTIVE and later:
        row.next_event_id, row.next_due = later[0].id, enrolments.due_at(later[0], row.anchor_month, BAMAKO)


def _by_phone(session: Session, world: World, contact: Contact, one: Happening) -> None:
    """What conversations do once they have read it."""
    contact.last_heard_at = one.at
    session.flush()  # a STOP reads the row again
    match one.what:
        case "stop":
            contacts.stop(session, contact, one.at, "sms")
        case "back" if contact.state is ContactState.STOPPED:
            agreements.agree(session, contact, one.at, via="sms", script=None, language="fr")
        case "yes":
            mine = (OpenPrompt.contact_id == contact.id, OpenPrompt.kind == PromptKind.CONSENT)
            open_ = (OpenPrompt.closed_at.is_(None), OpenPrompt.expires_at > one.at)
            for prompt in session.scalars(select(OpenPrompt).where(*mine, *open_).order_by(OpenPrompt.id.desc()).limit(1)):
                prompt.closed_at = one.at
                agreements.agree(session, contact, one.at, via="sms", script=None, language="fr")
                if enrolments.agreed_again(session, prompt, one.at, BAMAKO):
                    agreements.to_series(session, contact, one.at, script=None, language="fr")
        case "fin":
            enrolments.end_all(session, contact, one.at)
        case "answer":
            _answer(session, world, contact.id, one.at)


def _answer(session: Session, world: World, contact_id: int, at: datetime) -> None:
    earlier = select(Answer.id).where(Answer.contact_id == contact_id, Answer.question_id == world.question)
    message = Message(direction=Direction.IN, channel_id=world.channel, contact_id=contact_id, kind=Kind.REPLY, created_at=at)
    message.state, message.not_before = MessageState.HANDLED, at
    session.add(message)
    session.flush()
    scored = session.scalar(earlier.limit(1)) is None
    row = Answer(question_id=world.question, contact_id=contact_id, key=1, right=True, scored=scored, answered_at=at)
    row.message_id = message.id
    session.add(row)


def occasions(exchange: Exchange, written: Written) -> dict[tuple[str, datetime], str]:
    """Each due time that came, and what was made of it."""
    with exchange.database.reading() as session:
        rows = session.scalars(select(Occurrence))
        return {(written.events[row.event_id], row.due_at): row.state.value for row in rows}


def fates(exchange: Exchange, written: Written) -> dict[tuple[str, datetime, int], Fate]:
    """Each person of each due time, and what became of theirs."""
    numbers = {id_: number for number, id_ in enumerate(written.people)}
    rows = (
        select(Recipient.member_id, Recipient.skipped, Message.state, Message.reason, Message.sending_at, Occurrence)
        .join(Occurrence, Occurrence.broadcast_id == Recipient.broadcast_id)
        .outerjoin(Message, Message.id == Recipient.message_id)
    )
    found: dict[tuple[str, datetime, int], Fate] = {}
    with exchange.database.reading() as session:
        for member, skipped, state, reason, sending_at, row in session.execute(rows):
            key = (written.events[row.event_id], row.due_at, numbers[member])
            if skipped is not None:
                found[key] = ("skipped", skipped)
            elif state in SENT and sending_at is not None:
                found[key] = ("sent", sending_at.date().isoformat())
            elif state is MessageState.SUPPRESSED:
                found[key] = ("skipped", reason or "")
            elif state is MessageState.EXPIRED:
                found[key] = ("expired", "")
    return found


def pushes(exchange: Exchange) -> dict[int, list[datetime]]:
    """When each phone was written to."""
    gone: dict[int, list[datetime]] = defaultdict(list)
    with exchange.database.reading() as session:
        rows = select(Message.contact_id, Message.sending_at).where(Message.kind == Kind.PUSH, Message.sending_at.is_not(None))
        for contact_id, at in session.execute(rows.order_by(Message.sending_at)):
            if at is not None:
                gone[contact_id].append(at)
    return gone


def too_many(gone: dict[int, list[datetime]], per_day: int, per_week: int) -> list[int]:
    """The phones that got more than so many on a day, or within any seven days."""
    wrong = []
    for contact_id, times in gone.items():
        days: dict[date, int] = defaultdict(int)
        for at in times:
            days[at.date()] += 1
        crowded = any(later - earlier <= timedelta(days=7) for earlier, later in zip(times, times[per_week:], strict=False))
        if crowded or max(days.values()) > per_day:
            wrong.append(contact_id)
    return wrong
