"""Signs of life, answers, lists and exclusions narrow an audience; a saved one is followed by drafts and frozen by schedules."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from campaigns import drafts, lists, saved, schedule
from campaigns.audiences import Overlap, count, members, overlap
from campaigns.errors import CampaignError
from campaigns.filters import Answered, Filter, frozen
from campaigns.models import Answer, Audience, Campaign
from clubs.models import Area, Club, Member, Preferred, Village
from clubs.sheets import SheetError, read
from messaging.models import Call, CallState, Contact, ContactState, Direction, OptOut, Route
from runtime.crypto import blind
from runtime.database import Database, Json
from runtime.settings import Settings
from tests.world import World
from translations.models import Content

TODAY = date(2026, 3, 18)
EACH = Filter(one_phone_per_club=False)
FILE = "numéro;club\n00 01 00 01;\n00010004;\n;2043\n00 01 00 01;\n00019999;\n;9999\n;\nabc;\n"


def names(session: Session, world: World, wanted: Filter) -> str:
    by_id = {id_: name for name, id_ in world.members.items()}
    return " ".join(by_id[one.member_id] for one in members(session, wanted, TODAY))


def known_signs(session: Session, world: World, now: datetime) -> None:
    """Awa's phone was heard yesterday and answered wrong, Moussa's long ago and right; Sory said STOP, and Oumar for himself."""

    def phone(name: str) -> Contact:
        return session.get_one(Contact, world.contacts[name])

    phone("awa").last_heard_at, phone("moussa").last_heard_at = now - timedelta(days=1), now - timedelta(days=60)
    phone("sory").state = ContactState.STOPPED
    session.add(OptOut(number_index=b"x" * 32, member_id=world.members["oumar"], via="facilitator", at=now))
    session.add(OptOut(number_index=b"y" * 32, member_id=world.members["fatou"], via="key", at=now, ended_at=now))
    for name, right in (("awa", False), ("moussa", True)):
        call = Call(direction=Direction.IN, channel_id=world.channel, contact_id=world.contacts[name], state=CallState.COMPLETED)
        call.not_before = call.created_at = now
        session.add(call)
        session.flush()
        answer = Answer(question_id=world.question, contact_id=call.contact_id, key=1, right=right, answered_at=now)
        answer.call_id, answer.turn = call.id, 1
        session.add(answer)
    session.flush()


def saved_as(session: Session, name: str, wanted: Filter, now: datetime) -> int:
    return saved.save(session, None, name, wanted, 1, now).id


def listed(session: Session, name: str, text: str, now: datetime) -> int:
    plan = lists.check(session, read(text.encode(), "liste.csv", lists.HEADINGS), TODAY)
    return lists.keep(session, plan, name, 1, now).id


def test_each_rule_narrows_to_those_it_speaks_of(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        session.get_one(Member, world.members["binta"]).life_stage = "0-5"
        other = Area(kind="commune", name="Ailleurs")
        session.add(other)
        session.flush()
        session.get_one(Village, world.villages[1]).area_id = other.id
        known_signs(session, world, now)
        asked = replace(EACH, question=world.question)
        rules = {
            "awa kadia": replace(EACH, heard_within=30),
            "moussa binta sory oumar fatou": replace(EACH, unheard_for=30),
            "awa kadia moussa": replace(asked, answered=Answered.ANY),
            "moussa": replace(asked, answered=Answered.RIGHT),
            "awa kadia ": replace(asked, answered=Answered.WRONG),
            "binta sory oumar fatou": replace(asked, answered=Answered.NONE),
            "sory oumar": replace(EACH, opted_out=True),
            "awa kadia hawa moussa binta fatou": replace(EACH, opted_out=False),
            "sory oumar ": replace(EACH, communes=(other.id,)),
            "binta": replace(EACH, preferred=(Preferred.VOICE.value,)),
            "binta ": replace(EACH, life_stages=("0-5",)),
        }
        found = {expected: names(session, world, rule) for expected, rule in rules.items()}
        assert found == {expected: expected.strip() for expected in rules}


def test_with_one_telephone_a_club_the_stop_is_that_telephones(database: Database, world: World, now: datetime) -> None:
    """A member's own STOP does not silence her club, and does not put it among those to whom nothing leaves."""
    with database.writing() as session:
        known_signs(session, world, now)
        session.add(OptOut(number_index=b"z" * 32, member_id=world.members["binta"], via="facilitator", at=now))
        assert names(session, world, Filter(opted_out=True)) == "sory"
        assert names(session, world, Filter(opted_out=False)) == "moussa fatou"
        for each in (True, False):
            only = count(session, Filter(opted_out=True, one_phone_per_club=each), Route.OWN, TODAY)
            assert (only.numbers, only.reachable, only.members) == (0, 0, 1 if each else 3)


def test_a_club_is_meant_when_the_rule_speaks_of_one_of_its_members(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        known_signs(session, world, now)
        heard = Filter(heard_within=30)
        assert names(session, world, heard) == "moussa", "Awa was heard; her club's phone is Moussa's"
        assert names(session, world, Filter(preferred=("voice",))) == "moussa"


@pytest.mark.parametrize("heading", ["code", "Codes", "Code CEAPV", "clubs", "club"])
def test_a_column_of_club_codes_is_known_by_what_people_write_over_it(heading: str) -> None:
    assert read(f"{heading}\n2043".encode(), "liste.csv", lists.HEADINGS).columns == ("club",)


def test_a_file_becomes_a_list_of_what_is_known_each_once(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        plan = lists.check(session, read(FILE.encode(), "liste.csv", lists.HEADINGS), TODAY)
        assert plan.contacts == (world.contacts["awa"], world.contacts["binta"])
        assert plan.clubs == (world.clubs["2043"],)
        assert [(one.row, one.column) for one in plan.refused] == [(6, "numéro"), (7, "club"), (9, "numéro")]
        assert [one.row for one in plan.warned] == [5]
        one = lists.keep(session, plan, "Visités", 1, now)
        assert lists.sizes(session) == {one.id: (2, 1)}
        with pytest.raises(CampaignError, match="name_taken"):
            lists.keep(session, plan, "Visités", 1, now)


def test_a_file_without_number_or_club_is_no_list(database: Database, world: World, now: datetime) -> None:
    with database.reading() as session:
        with pytest.raises(SheetError, match="numéro"):
            lists.check(session, read(b"nom;prenom\nx;y", "liste.csv", lists.HEADINGS), TODAY)
        empty = lists.check(session, read(b"club\n9999", "liste.csv", lists.HEADINGS), TODAY)
        with pytest.raises(CampaignError, match="empty_list"):
            lists.keep(session, empty, "Rien", 1, now)


def test_a_list_narrows_and_a_list_to_leave_out_takes_away(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        mixed = listed(session, "Mêlée", FILE, now)
        phone = listed(session, "Un numéro", "numéro\n00010002", now)
        found = {
            "inside": names(session, world, replace(EACH, lists=(mixed,))),
            "outside": names(session, world, replace(EACH, not_lists=(mixed,))),
            "both": names(session, world, replace(EACH, lists=(mixed,), not_lists=(phone,), sexes=("F",))),
            "clubs": names(session, world, Filter(lists=(mixed,))),
            "clubs left": names(session, world, Filter(not_lists=(mixed,))),
            "clubs without Moussa's phone": names(session, world, Filter(not_lists=(phone,))),
        }
    assert found == {
        "inside": "awa kadia binta sory oumar",
        "outside": "hawa moussa fatou",
        "both": "awa kadia binta",
        "clubs": "moussa sory",
        "clubs left": "moussa fatou",
        "clubs without Moussa's phone": "sory fatou",
    }


def test_a_clubs_own_phone_on_a_list_names_the_club_and_not_its_people(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        number = Contact(number="+22300010077", number_index=blind("+22300010077"), created_at=now)
        session.add(number)
        session.flush()
        session.get_one(Club, world.clubs["1032"]).phone_id = number.id
        session.flush()
        only = listed(session, "Téléphone du club", "numéro\n00010077", now)
        assert names(session, world, Filter(lists=(only,))) == "moussa"
        assert names(session, world, replace(EACH, lists=(only,))) == ""
        assert names(session, world, Filter(not_lists=(only,))) == "sory fatou"


def test_an_audience_minus_another_is_counted_in_its_own_way(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        men = saved_as(session, "Hommes", replace(EACH, sexes=("H",)), now)
        schools = saved_as(session, "CEAPV", Filter(club_kinds=("ceapv",)), now)
        assert names(session, world, replace(EACH, minus=(men,))) == "awa kadia hawa binta fatou"
        assert names(session, world, replace(EACH, minus=(schools,))) == "awa kadia hawa moussa binta fatou"
        assert names(session, world, Filter(minus=(schools,))) == "moussa fatou"
        assert names(session, world, Filter(minus=(men,))) == "fatou", "a club with a man in it goes as a whole"
        nested = saved_as(session, "Femmes hors CEAPV", replace(EACH, sexes=("F",), minus=(schools,)), now)
        assert names(session, world, replace(EACH, minus=(nested,))) == "moussa sory oumar"
        assert names(session, world, Filter(saved=nested)) == "awa kadia hawa binta fatou"


def test_two_audiences_are_compared_by_telephone(database: Database, world: World, now: datetime) -> None:
    with database.reading() as session:
        women, clubs = replace(EACH, sexes=("F",)), Filter()
        assert overlap(session, women, clubs, TODAY) == Overlap(first=3, second=3, both=1), (
            "Awa's, Binta's, Fatou's; the last leads"
        )
        assert overlap(session, women, replace(EACH, sexes=("H",)), TODAY).both == 0


def test_an_audience_is_never_taken_from_itself(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        one = saved_as(session, "Un", EACH, now)
        two = saved_as(session, "Deux", replace(EACH, minus=(one,)), now)
        with pytest.raises(CampaignError, match="audience_circle"):
            saved.save(session, session.get_one(Audience, one), "Un", replace(EACH, minus=(two,)), 1, now)


@pytest.mark.parametrize(
    ("name", "wanted", "code"),
    [
        pytest.param("Un", EACH, "name_taken", id="a-name-in-use"),
        pytest.param("Deux", Filter(saved=1), "audience", id="another-audience-as-it-stands"),
        pytest.param("Deux", Filter(minus=(99,)), "no_audience", id="minus-one-that-is-not-there"),
    ],
)
def test_what_cannot_be_saved_is_refused(
    database: Database, world: World, now: datetime, name: str, wanted: Filter, code: str
) -> None:
    with database.writing() as session:
        saved_as(session, "Un", EACH, now)
        with pytest.raises(CampaignError, match=code):
            saved.save(session, None, name, wanted, 1, now)


def drafted(session: Session, world: World, wanted: Filter, now: datetime) -> Campaign:
    campaign = drafts.begin(session, session.get_one(Content, world.contents["eau-propre"]), "Essai", world.staff["fanta"], now)
    drafts.address(campaign, wanted, world.staff["fanta"])
    campaign.events[0].starts_at = now + timedelta(days=1)
    return campaign


def test_a_draft_follows_its_saved_audience_and_a_schedule_freezes_it(
    database: Database, world: World, now: datetime, settings: Settings
) -> None:
    def sizes(campaign: Campaign) -> int:
        return count(session, Filter.from_json(campaign.audience), Route.SMS, TODAY).members

    with database.writing() as session:
        men = saved_as(session, "Hommes", replace(EACH, sexes=("H",)), now)
        rest = saved_as(session, "Les autres", replace(EACH, minus=(men,)), now)
        campaign = drafted(session, world, Filter(saved=rest), now)
        assert sizes(campaign) == 5
        saved.save(session, session.get_one(Audience, men), "Hommes", replace(EACH, roles=("facilitator",)), 1, now)
        assert sizes(campaign) == 6, "a draft follows, through what is taken away too"
        schedule.schedule(session, campaign, now, settings)
        saved.save(session, session.get_one(Audience, men), "Hommes", EACH, 1, now)
        saved.save(session, session.get_one(Audience, rest), "Les autres", replace(EACH, sexes=("F",)), 1, now)
        assert sizes(campaign) == 6, "what was approved stays"
        copy = drafts.duplicate(session, campaign, world.staff["fanta"], now)
        assert sizes(copy) == 5, "a copy is a draft, and follows"
        schedule.unschedule(session, campaign)
        assert Filter.from_json(campaign.audience) == Filter(saved=rest)


def test_a_frozen_filter_survives_json_and_needs_no_saved_row(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        men = saved_as(session, "Hommes", replace(EACH, sexes=("H",)), now)
        wanted = frozen(session, replace(EACH, minus=(men,), heard_within=30, opted_out=False, question=1, answered="none"))
        stored = wanted.to_json()
        assert Filter.from_json(stored) == wanted
        assert wanted.as_drafted == replace(wanted, frozen=False, taken=())
        session.delete(session.get_one(Audience, men))
        session.flush()
        assert names(session, world, replace(Filter.from_json(stored), heard_within=None)) == "awa kadia binta fatou"


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"answered": "perhaps"}, id="unknown-answer"),
        pytest.param({"lists": ["1"]}, id="text-for-an-id"),
        pytest.param({"lists": [True]}, id="a-flag-for-an-id"),
        pytest.param({"opted_out": "no"}, id="not-a-flag"),
        pytest.param({"heard_within": "30"}, id="text-for-days"),
        pytest.param({"taken": [{"sexes": ["X"]}]}, id="misread-within"),
        pytest.param({"taken": {}}, id="not-a-list"),
        pytest.param({"preferred": ["pigeon"]}, id="unknown-channel"),
    ],
)
def test_a_misread_rule_is_refused(stored: Json) -> None:
    with pytest.raises(CampaignError, match="audience"):
        Filter.from_json(stored)
