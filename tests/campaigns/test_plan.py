"""What a sending would do, against what it then does."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from campaigns import accounts, audiences, broadcasts, plan
from campaigns.counting import Preview
from campaigns.filters import Filter
from campaigns.plan import STEPS, Forecast, Problem, Step
from campaigns.sounding import Unheard
from clubs.models import Member, Preferred
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Budget,
    Channel,
    Contact,
    Direction,
    Message,
    MessageState,
    Route,
)
from tests.messaging.fakes import push
from tests.translations.voices import a_clip, approve_pack
from tests.world import MESSAGES, World
from translations import packs
from translations.content_entries import Pack
from translations.models import Clip, Content, ContentKind, Variant, VariantState

EVERYBODY = Filter(one_phone_per_club=False)
HOUR = timedelta(hours=1)


def forecast(
    exchange: Exchange,
    world: World,
    now: datetime,
    wanted: Filter = EVERYBODY,
    route: Route = Route.SMS,
    due: datetime | None = None,
    life: timedelta = 24 * HOUR,
    quiet_hours: bool = True,
    content: str = "eau-propre",
) -> Forecast:
    due = due or now
    with exchange.database.reading() as session:
        said = session.get_one(Content, world.contents[content])
        asked = now - timedelta(minutes=exchange.settings.cancel_window_minutes)  # so that it leaves when it is due
        return plan.forecast(session, exchange, said, wanted, route, due, due + life, asked, quiet_hours=quiet_hours)


def test_a_forecast_counts_people_numbers_parts_and_francs(exchange: Exchange, world: World, now: datetime) -> None:
    found = forecast(exchange, world, now)
    assert (found.recipients, found.numbers, found.left_out) == (8, 6, {"no_phone": 1})
    assert (found.parts, found.cost, found.cost_by) == (6, 90, {("fr", "simulator"): 90})
    assert found.previews == (Preview(world.members["awa"], "fr", Route.SMS, MESSAGES["eau-propre"], 1),)
    assert (found.problems, found.refused, found.budget_left, found.would_expire) == ((), False, None, 0)
    assert found.finish_at == now + timedelta(minutes=6 / 600)


@pytest.mark.parametrize("wanted", [pytest.param(EVERYBODY, id="everybody"), pytest.param(Filter(), id="one-phone-per-club")])
def test_the_estimate_is_what_the_sending_costs(exchange: Exchange, world: World, now: datetime, wanted: Filter) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Variant).where(Variant.id == world.variants["eau-propre"]).values(text="é" * 200))
    found = forecast(exchange, world, now, wanted)
    with exchange.database.writing() as session:
        row = Broadcast(
            title="x",
            content_id=world.contents["eau-propre"],
            route=Route.SMS,
            audience=wanted.to_json(),
            state=BroadcastState.PLANNED,
            due_at=now,
            not_before=now,
            expires_at=now + HOUR,
            created_at=now,
        )
        session.add(row)
        session.flush()
        id_ = row.id
    broadcasts.fan_out(exchange, id_, now)
    with exchange.database.reading() as session:
        assert session.get_one(Broadcast, id_).estimated_cost == found.cost
        done = accounts.account(session, id_)
        assert (done.planned, done.skipped) == (found.recipients, found.left_out)


def test_a_phone_that_is_written_to_and_called_is_one_number(exchange: Exchange, world: World, now: datetime) -> None:
    """Awa reads and her sister listens, on one telephone."""
    sounds(exchange, world, now, packs_in=("fr",))
    with exchange.database.writing() as session:
        session.get_one(Member, world.members["kadia"]).preferred = Preferred.VOICE
    with exchange.database.reading() as session:
        counts = audiences.count(session, EVERYBODY, Route.OWN, now.date())
    assert (counts.numbers, counts.reachable, counts.by_route) == (6, 7, {"sms": 5, "voice": 2})
    found = forecast(exchange, world, now, route=Route.OWN)
    assert (found.numbers, found.parts) == (6, 5)


def test_previews_show_one_of_each_language(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Contact).where(Contact.id == world.contacts["sory"]).values(language="bm"))
        bambara = Variant(
            content_id=world.contents["eau-propre"],
            language="bm",
            state=VariantState.APPROVED,
            text="I bolo ko.",
            options=[],
            written_at=now,
            approved_at=now,
        )
        session.add(bambara)
    found = forecast(exchange, world, now)
    assert [(shown.language, shown.text) for shown in found.previews] == [("fr", MESSAGES["eau-propre"]), ("bm", "I bolo ko.")]
    assert found.cost_by == {("bm", "simulator"): 15, ("fr", "simulator"): 75}


def test_a_call_is_priced_to_its_last_silence_and_takes_a_line(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(
            Clip(
                variant_id=world.variants["eau-propre"],
                sha256="a" * 64,
                media_type="audio/wav",
                bytes=1,
                seconds=120.0,
                uploaded_at=now,
                approved_by=world.staff["aissata"],
                approved_at=now,
            )
        )
    found = forecast(exchange, world, now, route=Route.VOICE)
    assert (found.parts, found.cost) == (0, 6 * 3 * 60), "two minutes of message, then the time in which keys are waited for"
    assert found.finish_at == now + timedelta(seconds=6 * (141 + 10) / 4)


@pytest.mark.parametrize(
    ("changes", "given", "expected"),
    [
        pytest.param({}, {"wanted": Filter(languages=("ses",))}, [Problem.NOBODY], id="nobody"),
        pytest.param({"variant": VariantState.DRAFT}, {}, [Problem.NOBODY, Problem.NO_VARIANT], id="no-variant"),
        pytest.param({}, {"route": Route.VOICE}, [Problem.NOBODY, Problem.NO_SOUND, Problem.NO_PACK], id="no-sound"),
        pytest.param({"kinds": ["voice"]}, {}, [Problem.NOBODY, Problem.NO_CHANNEL], id="no-channel"),
        pytest.param({}, {"ago": HOUR}, [Problem.PAST_DATE], id="past"),
        pytest.param({}, {"ago": -3 * HOUR}, [Problem.QUIET_HOURS], id="quiet-hours"),
        pytest.param({}, {"ago": -3 * HOUR, "quiet_hours": False}, [], id="quiet-hours-given-up"),
        pytest.param({"cap": 89}, {}, [Problem.OVER_BUDGET], id="over-budget"),
        pytest.param({"cap": 90}, {}, [], id="within-budget"),
        pytest.param({"rate": 1}, {"life": timedelta(minutes=4)}, [Problem.BEYOND_CAPACITY], id="beyond-capacity"),
        pytest.param({"rate": 1}, {"life": timedelta(minutes=6)}, [], id="just-in-time"),
    ],
)
def test_each_problem_is_named(
    exchange: Exchange, world: World, now: datetime, changes: dict[str, object], given: dict[str, object], expected: list[Problem]
) -> None:
    with exchange.database.writing() as session:
        if "variant" in changes:
            session.execute(update(Variant).values(state=changes["variant"]))
        if "kinds" in changes:
            session.execute(update(Channel).values(kinds=changes["kinds"]))
        if "rate" in changes:
            session.execute(update(Channel).values(parts_per_minute=changes["rate"]))
        if "cap" in changes:
            session.add(Budget(scope=f"channel:{world.channel}", cap=changes["cap"], reserved=0))
            session.add(Budget(scope="day:2026-03-18", cap=1000, reserved=500))
    options = dict(given)
    ago = options.pop("ago", timedelta(0))
    assert isinstance(ago, timedelta)
    found = forecast(exchange, world, now, due=now - ago, **options)  # type: ignore[arg-type]  # each case names its own
    assert list(found.problems) == expected
    assert found.refused is bool(set(expected) & plan.BLOCKING)


def test_a_large_sending_needs_a_second_person(exchange: Exchange, world: World, now: datetime) -> None:
    small = exchange.settings.model_copy(update={"second_approval_above": 5})
    strict = Exchange(small, exchange.database, exchange.gateways, exchange.work)
    assert forecast(strict, world, now).problems == (Problem.SECOND_PERSON,)
    assert not forecast(strict, world, now).refused


def test_what_already_waits_takes_its_time_first(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Channel).values(parts_per_minute=1))
        waiting = Message(
            direction=Direction.OUT,
            channel_id=world.channel,
            contact_id=world.contacts["awa"],
            state=MessageState.QUEUED,
            parts=4,
            not_before=now,
            created_at=now,
        )
        session.add(waiting)
    found = forecast(exchange, world, now, life=timedelta(minutes=5))
    assert found.finish_at == now + timedelta(minutes=10)
    assert found.would_expire == 5  # the four that wait leave first, then one of ours


def test_a_sending_that_outlasts_the_window_goes_on_in_the_next(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Channel).values(parts_per_minute=1))
    late = now.replace(hour=11, minute=57)
    found = forecast(exchange, world, late)
    assert found.finish_at == now.replace(hour=16, minute=3)
    assert forecast(exchange, world, late, quiet_hours=False).finish_at == late + timedelta(minutes=6)
    hurried = forecast(exchange, world, late, life=timedelta(minutes=2), quiet_hours=False)
    assert hurried.would_expire == 4


def test_every_problem_leads_back_to_a_step() -> None:
    assert set(STEPS) == set(Problem)
    assert set(STEPS.values()) == set(Step)


def in_bambara(exchange: Exchange, world: World) -> None:
    """Sory's number speaks Bambara; the others speak French."""
    with exchange.database.writing() as session:
        session.execute(update(Contact).where(Contact.id == world.contacts["sory"]).values(language="bm"))


def sounds(exchange: Exchange, world: World, now: datetime, *, packs_in: tuple[str, ...], content: str = "eau-propre") -> None:
    """An approved French sound of the message, and pack A in service in these languages."""
    with exchange.database.writing() as session:
        clip = a_clip(content, now)
        clip.variant_id = world.variants[content]
        session.add(clip)
        for code in packs_in:
            approve_pack(session, Pack.A, code, now)
            packs.publish(session, code, Pack.A, world.staff["aissata"], now)


def test_a_call_waits_for_the_message_and_pack_a_in_each_language(exchange: Exchange, world: World, now: datetime) -> None:
    in_bambara(exchange, world)
    sounds(exchange, world, now, packs_in=("fr",))
    found = forecast(exchange, world, now, route=Route.VOICE)
    assert found.problems == (Problem.NO_SOUND, Problem.NO_PACK)
    assert found.refused
    assert found.unheard == (Unheard("bm"), Unheard("bm", Pack.A, packs.labels_of(Pack.A)[1:]))  # the jingle is one for all
    with exchange.database.writing() as session:
        spoken = Variant(content_id=world.contents["eau-propre"], language="bm", version=1, options=[], written_at=now)
        spoken.state, spoken.approved_at = VariantState.APPROVED, now
        spoken.clips.append(a_clip("bambara", now))
        session.add(spoken)
        approve_pack(session, Pack.A, "bm", now, but=("jingle",))
    assert forecast(exchange, world, now, route=Route.VOICE).unheard == (Unheard("bm", Pack.A),), "whole, but nobody published it"
    with exchange.database.writing() as session:
        packs.publish(session, "bm", Pack.A, world.staff["aissata"], now)
    found = forecast(exchange, world, now, route=Route.VOICE)
    assert (found.problems, found.unheard, found.numbers) == ((), (), 6)


def test_a_question_waits_for_pack_b_too(exchange: Exchange, world: World, now: datetime) -> None:
    sounds(exchange, world, now, packs_in=("fr",))
    with exchange.database.writing() as session:
        session.execute(update(Content).where(Content.id == world.contents["eau-propre"]).values(kind=ContentKind.QUESTION))
    found = forecast(exchange, world, now, route=Route.VOICE)
    assert found.unheard == (Unheard("fr", Pack.B, packs.labels_of(Pack.B)),)


def test_a_training_simulator_needs_no_pack_and_plays_french_drafts(exchange: Exchange, world: World, now: datetime) -> None:
    in_bambara(exchange, world)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).settings = '{"training": "1"}'
        draft = a_clip("draft", now, approved=False, synthetic=True)
        draft.variant_id = world.variants["eau-propre"]
        session.add(draft)
    found = forecast(exchange, world, now, route=Route.VOICE)
    assert (found.problems, found.numbers) == ((), 6)


def test_texts_need_no_sound(exchange: Exchange, world: World, now: datetime) -> None:
    in_bambara(exchange, world)
    assert forecast(exchange, world, now).unheard == ()


@pytest.mark.parametrize(
    ("ago", "life", "used_up", "later"),
    [
        pytest.param((HOUR,), 5 * HOUR, 1, None, id="a-message-today"),
        pytest.param((HOUR,), 48 * HOUR, 0, 22 * HOUR, id="tomorrow-is-soon-enough"),
        pytest.param((30 * HOUR,), 5 * HOUR, 0, None, id="a-message-yesterday"),
        pytest.param((30 * HOUR, 54 * HOUR, 78 * HOUR), 24 * HOUR, 1, None, id="three-this-week"),
        pytest.param((30 * HOUR, 54 * HOUR, 145 * HOUR), 72 * HOUR, 0, 23 * HOUR, id="the-week-is-over-tomorrow"),
        pytest.param((200 * HOUR, 201 * HOUR, 202 * HOUR), 5 * HOUR, 0, None, id="three-long-ago"),
    ],
)
def test_a_number_that_has_had_its_messages_is_announced(
    exchange: Exchange,
    world: World,
    now: datetime,
    ago: tuple[timedelta, ...],
    life: timedelta,
    used_up: int,
    later: timedelta | None,
) -> None:
    limited = exchange.settings.model_copy(update={"pushes_per_day": 1, "pushes_per_week": 3})
    exchange = Exchange(limited, exchange.database, exchange.gateways, exchange.work)
    with exchange.database.writing() as session:
        for before in ago:
            pushed = push(session, world, "awa", now - before)
            pushed.state, pushed.sending_at = MessageState.SENT, now - before
    found = forecast(exchange, world, now, life=life)
    assert found.used_up == used_up
    assert found.later == (() if later is None else ((now + later, 1),))
    assert found.finish_at is not None
    assert (found.finish_at > now + 10 * HOUR) is (later is not None), "the last to leave leaves on that day"


def test_what_waits_for_another_day_has_only_the_rest_of_its_life(exchange: Exchange, world: World, now: datetime) -> None:
    """Everybody had today's message; tomorrow there are three minutes left for six SMS, one a minute."""
    limited = exchange.settings.model_copy(update={"pushes_per_day": 1, "pushes_per_week": 3})
    exchange = Exchange(limited, exchange.database, exchange.gateways, exchange.work)
    with exchange.database.writing() as session:
        session.execute(update(Channel).values(parts_per_minute=1))
        for name in ("awa", "moussa", "sory", "binta", "oumar", "fatou"):
            pushed = push(session, world, name, now - HOUR)
            pushed.state, pushed.sending_at = MessageState.SENT, now - HOUR
    found = forecast(exchange, world, now, life=22 * HOUR + timedelta(minutes=3))
    assert (found.later, found.finish_at) == (((now + 22 * HOUR, 6),), now + 22 * HOUR + timedelta(minutes=6))
    assert (found.would_expire, found.problems) == (3, (Problem.BEYOND_CAPACITY,))
