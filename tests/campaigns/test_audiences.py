"""Who is meant, by which phone, and what stands in the way."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.audiences import Counts, count, members
from campaigns.candidates import Candidate, LeftOut
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from clubs.models import Club, Member, Post, Preferred, Role, Sex, Village
from messaging.models import Consent, Contact, ContactState, OptOut, Purpose, Route
from runtime.database import Database
from tests.world import World

TODAY = date(2026, 3, 18)
EVERYBODY = Filter(one_phone_per_club=False)


def found(database: Database, wanted: Filter) -> list[Candidate]:
    with database.reading() as session:
        return members(session, wanted, TODAY)


def names(world: World, candidates: list[Candidate]) -> list[str]:
    by_id = {id_: name for name, id_ in world.members.items()}
    return [by_id[one.member_id] for one in candidates]


def reason(database: Database, world: World, name: str, route: Route = Route.SMS) -> LeftOut | None:
    one = next(c for c in found(database, EVERYBODY) if c.member_id == world.members[name])
    return one.reason_left_out(route)


def test_by_default_each_club_is_one_recipient_reached_by_its_facilitator(database: Database, world: World) -> None:
    candidates = found(database, Filter())
    assert names(world, candidates) == ["moussa", "sory", "fatou"]
    assert [one.contact_id for one in candidates] == [world.contacts[name] for name in ("moussa", "sory", "fatou")]


def test_a_clubs_own_phone_comes_before_its_facilitators(database: Database, world: World) -> None:
    with database.writing() as session:
        session.execute(update(Club).where(Club.code == "1032").values(phone_id=world.contacts["binta"]))
    assert [one.contact_id for one in found(database, Filter(clubs=(world.clubs["1032"],)))] == [world.contacts["binta"]]


def test_a_facilitator_posted_from_another_club_lends_the_phone(database: Database, world: World) -> None:
    third = world.members["fatou"]
    with database.writing() as session:
        session.execute(update(Member).where(Member.id == third).values(contact_id=None))
        session.add(Post(member_id=world.members["moussa"], club_id=session.get_one(Member, third).club_id, since=TODAY))
    candidates = found(database, Filter())
    assert names(world, candidates) == ["moussa", "sory", "fatou"]
    assert candidates[2].contact_id == candidates[0].contact_id == world.contacts["moussa"]


def test_a_club_is_meant_when_any_of_its_members_is(database: Database, world: World) -> None:
    assert names(world, found(database, Filter(sexes=("F",)))) == ["moussa", "fatou"]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        pytest.param({"sexes": ("H",)}, ["moussa", "sory", "oumar"], id="men"),
        pytest.param({"roles": ("facilitator",)}, ["moussa", "sory"], id="facilitators"),
        pytest.param({"age_bands": ("15-24",)}, [], id="youth"),
        pytest.param({"club_kinds": ("ceapv",)}, ["sory", "oumar"], id="field-schools"),
        pytest.param({"languages": ("bm",)}, ["binta"], id="bambara"),
        pytest.param({"life_stages": ("pregnant",)}, ["kadia"], id="life-stage"),
    ],
)
def test_each_field_of_a_filter_narrows(
    database: Database, world: World, narrowed: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    with database.writing() as session:
        session.execute(update(Member).where(Member.id == world.members["binta"]).values(language="bm"))
        session.execute(update(Member).where(Member.id == world.members["kadia"]).values(life_stage="pregnant"))
    assert names(world, found(database, replace(EVERYBODY, **narrowed))) == expected  # type: ignore[arg-type]  # by name


def test_villages_and_clubs_are_named_by_id(database: Database, world: World) -> None:
    assert names(world, found(database, replace(EVERYBODY, villages=(world.villages[1],)))) == ["sory", "oumar"]
    assert names(world, found(database, replace(EVERYBODY, clubs=(world.clubs["2043"],)))) == ["sory", "oumar"]


def test_pages_follow_the_cursor_and_never_repeat(database: Database, world: World) -> None:
    seen: list[int] = []
    with database.reading() as session:
        while page := members(session, EVERYBODY, TODAY, seen[-1] if seen else 0, limit=3):
            assert len(page) <= 3
            seen += [one.member_id for one in page]
    assert seen == sorted(world.members.values())


def test_those_who_left_and_closed_clubs_are_nobodys_audience(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        session.execute(update(Member).where(Member.id == world.members["awa"]).values(left_at=now))
        session.execute(update(Club).where(Club.code == "2043").values(active=False))
    assert names(world, found(database, EVERYBODY)) == ["kadia", "hawa", "moussa", "binta", "fatou"]


def contact_is(state: ContactState) -> object:
    def change(session: Session, world: World, now: datetime) -> None:
        session.execute(update(Contact).where(Contact.id == world.contacts["awa"]).values(state=state))

    return change


def paused(kind: type[Club] | type[Village]) -> object:
    def change(session: Session, world: World, now: datetime) -> None:
        session.execute(update(kind).values(paused_until=TODAY))

    return change


def withdrawn(session: Session, world: World, now: datetime) -> None:
    session.execute(update(Consent).where(Consent.purpose == Purpose.PUSH).values(withdrawn_at=now))


def opted_out(session: Session, world: World, now: datetime) -> None:
    session.add(OptOut(number_index=b"x" * 32, member_id=world.members["awa"], via="facilitator", at=now))


def opted_out_of_calls(session: Session, world: World, now: datetime) -> None:
    session.add(OptOut(number_index=b"x" * 32, member_id=world.members["awa"], purpose=Purpose.CALL, via="key", at=now))


@pytest.mark.parametrize(
    ("change", "by_sms", "by_voice"),
    [
        pytest.param(contact_is(ContactState.STOPPED), LeftOut.STOPPED, LeftOut.STOPPED, id="stopped"),
        pytest.param(contact_is(ContactState.DEAD), LeftOut.DEAD_NUMBER, LeftOut.DEAD_NUMBER, id="dead"),
        pytest.param(contact_is(ContactState.ERASED), LeftOut.NO_PHONE, LeftOut.NO_PHONE, id="erased"),
        pytest.param(contact_is(ContactState.ANNOUNCED), LeftOut.NO_CONSENT, LeftOut.NO_CONSENT, id="announced"),
        pytest.param(withdrawn, LeftOut.NO_CONSENT, None, id="no-consent-to-sms"),
        pytest.param(opted_out, LeftOut.STOPPED, LeftOut.STOPPED, id="opted-out-herself"),
        pytest.param(opted_out_of_calls, None, LeftOut.STOPPED, id="opted-out-of-calls"),
        pytest.param(paused(Club), LeftOut.PAUSED, LeftOut.PAUSED, id="club-paused-through-today"),
        pytest.param(paused(Village), LeftOut.PAUSED, LeftOut.PAUSED, id="village-paused-through-today"),
        pytest.param(lambda *_: None, None, None, id="nothing"),
    ],
)
def test_awa_is_left_out_for_a_reason(
    database: Database, world: World, now: datetime, change: "object", by_sms: LeftOut | None, by_voice: LeftOut | None
) -> None:
    with database.writing() as session:
        change(session, world, now)  # type: ignore[operator]  # each case is a function
    assert reason(database, world, "awa") is by_sms
    assert reason(database, world, "awa", Route.VOICE) is by_voice


def test_hawa_has_no_phone(database: Database, world: World) -> None:
    assert reason(database, world, "hawa") is LeftOut.NO_PHONE


def test_a_pause_that_ended_yesterday_is_over(database: Database, world: World) -> None:
    with database.writing() as session:
        session.execute(update(Club).values(paused_until=TODAY - timedelta(days=1)))
    assert reason(database, world, "awa") is None


def test_a_stop_of_her_sister_leaves_awa_alone(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        session.add(OptOut(number_index=b"x" * 32, member_id=world.members["kadia"], via="facilitator", at=now))
    assert reason(database, world, "kadia") is LeftOut.STOPPED
    assert reason(database, world, "awa") is None


def test_counts_tell_members_numbers_and_reasons_apart(database: Database, world: World) -> None:
    with database.reading() as session:
        counts = count(session, EVERYBODY, Route.OWN, TODAY)
    assert counts == Counts(
        members=8,
        numbers=6,
        reachable=7,
        by_language={"fr": 7},
        by_route={"sms": 6, "voice": 1},
        left_out={"no_phone": 1},
    )


def test_a_language_comes_from_the_member_then_the_phone_then_the_club_then_the_village(database: Database, world: World) -> None:
    awa = world.members["awa"]

    def language() -> str | None:
        return next(one.language for one in found(database, EVERYBODY) if one.member_id == awa)

    with database.writing() as session:
        session.execute(update(Village).values(language="dts"))
        session.execute(update(Club).values(language="ffm"))
        session.execute(update(Member).where(Member.id == awa).values(language="bm"))
    assert language() == "bm"
    with database.writing() as session:
        session.execute(update(Member).values(language=None))
    assert language() == "fr"
    with database.writing() as session:
        session.execute(update(Contact).values(language=None))
    assert language() == "ffm"
    with database.writing() as session:
        session.execute(update(Club).values(language=None))
    assert language() == "dts"
    with database.writing() as session:
        session.execute(update(Village).values(language=None))
    assert language() is None


def test_a_club_hears_together_in_its_own_language(database: Database, world: World) -> None:
    with database.writing() as session:
        session.execute(update(Club).values(language="bm"))
    assert {one.language for one in found(database, Filter())} == {"bm"}


def test_own_route_is_the_members_preference() -> None:
    one = Candidate(1, 1, 1, ContactState.ACTIVE, None, "fr", Preferred.VOICE, False, frozenset(), frozenset())
    assert one.route(Route.OWN) is Route.VOICE
    assert one.route(Route.SMS) is Route.SMS
    assert replace(one, preferred=Preferred.SMS).route(Route.OWN) is Route.SMS


def test_a_filter_survives_json() -> None:
    wanted = Filter((1,), (2,), ("bm",), (Sex.WOMAN,), (Role.MEMBER,), ("15-24",), ("pregnant",), ("club",), False)
    assert Filter.from_json(wanted.to_json()) == wanted
    assert Filter.from_json({}) == Filter()


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"village": [1]}, id="unknown-field"),
        pytest.param({"villages": ["V01"]}, id="a-name-for-an-id"),
        pytest.param({"villages": 1}, id="not-a-list"),
        pytest.param({"sexes": ["X"]}, id="unknown-sex"),
        pytest.param({"one_phone_per_club": "oui"}, id="not-a-flag"),
        pytest.param([], id="not-an-object"),
    ],
)
def test_a_misread_filter_is_refused_and_never_means_everybody(stored: object) -> None:
    with pytest.raises(CampaignError, match="audience"):
        Filter.from_json(stored)  # type: ignore[arg-type]  # what a database may hold
