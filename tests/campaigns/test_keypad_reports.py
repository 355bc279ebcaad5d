"""A facilitator reports by keypad: what she hears, what is stored, what becomes of a call that drops."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.models import FlowSession
from clubs import pins
from clubs.models import Club, Member, Post
from clubs.records import Action, Report, ReportState
from messaging.exchange import Exchange
from messaging.models import CallEvent, CallState, Direction, Message
from tests.calls import NOW, Line, prompt, sending
from tests.world import World

SAID = (
    *("who", "menu_main", "goodbye", "give_up", "no_key", "wrong_key", "pin_ask", "pin_bad", "club_ask", "club_bad", "theme_ask"),
    *("theme_bad", "women_ask", "men_ask", "youth_ask", "youth_too_many", "mothers_ask", "mothers_too_many", "radio_ask"),
    *("nobody", "other_ask", "resume_ask", "readback", "unit_women", "unit_men", "unit_youth", "unit_mothers", "confirm_ask"),
    *("radio_yes", "radio_no"),
    *("saved", "replaced", "dropped", "num_18", "num_7", "num_9", "num_5", "digit_1", "digit_2", "digit_0", "option_theme_1"),
    *("no_content",),
)


@pytest.fixture
def pin(exchange: Exchange, world: World) -> str:
    """Moussa's, with every prompt of a report."""
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    with exchange.database.writing() as session:
        return pins.issue(session, session.get_one(Member, world.members["moussa"]))


@pytest.fixture
def line(exchange: Exchange, client: FlaskClient, world: World, pin: str) -> Line:
    """Moussa's bip called back."""
    return Line(exchange, client, world, who="moussa", reason="bip")


def reports(exchange: Exchange) -> list[Report]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Report).order_by(Report.id)))


def receipts(exchange: Exchange) -> list[str]:
    with exchange.database.reading() as session:
        return [row.text or "" for row in session.scalars(select(Message).where(Message.direction == Direction.OUT))]


def figures(line: Line, *keys: str) -> list[str]:
    heard: list[str] = []
    for key in keys:
        heard = line.key("" if key == "#" else key, "" if key in ("1", "0") and len(key) == 1 else "#")
    return heard


READ = [
    *("<readback>", "<option_theme_1>", "<num_18>", "<unit_women>", "<num_7>", "<unit_men>", "<num_9>", "<unit_youth>"),
    *("<num_5>", "<unit_mothers>", "<radio_yes>", "<confirm_ask>"),
]


def test_a_report_by_keypad_is_the_one_the_sms_makes(exchange: Exchange, world: World, line: Line, pin: str) -> None:
    line.answer()
    assert line.key(pin) == ["<theme_ask>"]
    assert figures(line, "12", "18", "7", "9") == ["<mothers_ask>"]
    assert figures(line, "5") == ["<radio_ask>"]
    assert line.key("1") == READ
    assert line.key("1") == ["<saved>", "<goodbye>"]
    [row] = reports(exchange)
    assert row.values == {"theme": 12, "women": 18, "men": 7, "youth": 9, "mothers": 5, "radio": True}
    assert (row.state, row.number, row.call_id, row.message_id, row.contact_id) == (
        ReportState.VALID,
        1,
        line.id,
        None,
        world.contacts["moussa"],
    )
    assert (row.club_id, row.session_date) == (world.clubs["1032"], NOW.date())
    assert receipts(exchange)[0].startswith("Merci. No 1: club 1032, mer. 18 mars, repas en grossesse, 18 femmes, 7 hommes")


def test_the_first_thing_heard_is_the_pin(line: Line) -> None:
    answer = line.answer()
    steps = answer["steps"]
    assert isinstance(steps, list)
    assert steps[-1]["prompts"][0]["text"] == "<pin_ask>"
    assert (steps[-1]["digits"], steps[-1]["finish"]) == (4, "#")


def test_everything_at_once_at_the_theme(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    heard = line.key("12*18*7*9*1", "#")
    assert heard[0] == "<readback>"
    assert "<unit_mothers>" not in heard
    assert heard[-2:] == ["<radio_yes>", "<confirm_ask>"]
    line.key("1")
    assert reports(exchange)[0].values == {"theme": 12, "women": 18, "men": 7, "youth": 9, "radio": True}


@pytest.mark.parametrize("typed", ["14", "12*18", "14*18*7", "12*18*7*9*4", "12*1888*7", "*", "12**7"])
def test_what_is_no_theme_is_asked_again(exchange: Exchange, line: Line, pin: str, typed: str) -> None:
    line.answer()
    line.key(pin)
    assert line.key(typed, "#") == ["<theme_bad>"]
    assert line.key("12", "#") == ["<women_ask>"]


def test_a_bare_hash_is_unknown_for_youth_and_mothers_alone(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    line.key("12", "#")
    assert line.key("", "#") == ["<wrong_key>", "<women_ask>"]
    line.key("18", "#")
    line.key("7", "#")
    assert line.key("", "#") == ["<mothers_ask>"]
    assert line.key("", "#") == ["<radio_ask>"]
    assert line.key("0") == [
        "<readback>",
        "<option_theme_1>",
        "<num_18>",
        "<unit_women>",
        "<num_7>",
        "<unit_men>",
        "<radio_no>",
        "<confirm_ask>",
    ]
    line.key("1")
    assert reports(exchange)[0].values == {"theme": 12, "women": 18, "men": 7, "radio": False}


@pytest.mark.parametrize(
    ("typed", "asked", "mended", "values"),
    [
        pytest.param(("12", "5", "7", "20", "#"), "<youth_too_many>", "9", {"youth": 9}, id="more youth than people"),
        pytest.param(("12", "5", "7", "#", "18"), "<mothers_too_many>", "5", {"mothers": 5}, id="more mothers than women"),
    ],
)
def test_what_the_grammar_asks_back_is_asked_by_ear(
    exchange: Exchange, line: Line, pin: str, typed: tuple[str, ...], asked: str, mended: str, values: dict[str, int]
) -> None:
    line.answer()
    line.key(pin)
    figures(line, *typed)
    assert line.key("1") == [asked]
    assert line.key(mended, "#")[0] == "<readback>"
    line.key("1")
    assert reports(exchange)[0].values.items() >= values.items()


def test_nobody_there_is_a_session_that_did_not_take_place(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    assert line.key("12*0*0", "#") == ["<nobody>"]
    assert line.key("1") == ["<saved>", "<goodbye>"]
    [row] = reports(exchange)
    assert (row.kind, row.state) == ("RAS", ReportState.VALID)
    assert "Quel motif?" in receipts(exchange)[0]


def test_a_second_theme_that_day_is_a_correction_or_another_session(
    exchange: Exchange, client: FlaskClient, world: World, line: Line, pin: str
) -> None:
    def call(typed: str, *keys: str) -> list[str]:
        again = Line(exchange, client, world, who="moussa", reason="bip")
        again.answer()
        again.key(pin)
        again.key(typed, "#")
        heard = [again.key(key) for key in keys][-1]
        again.drop()
        return heard

    line.answer()
    line.drop()
    assert call("12*18*7", "1") == ["<saved>", "<goodbye>"]
    assert call("12*20*7", "1") == ["<replaced>", "<goodbye>"]
    assert call("13*20*7", "1", "1") == ["<replaced>", "<goodbye>"]
    assert call("21*20*7", "2", "1") == ["<saved>", "<goodbye>"]
    states = [(row.number, row.version, row.session_order, row.state.value, row.values["theme"]) for row in reports(exchange)]
    assert states == [
        (1, 1, 1, "replaced", 12),
        (1, 2, 1, "replaced", 12),
        (1, 3, 1, "valid", 13),
        (2, 1, 2, "valid", 21),
    ]


def test_a_very_large_session_waits_for_a_yes_as_by_sms(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    line.key("12*95*40", "#")
    line.key("1")
    assert reports(exchange)[0].state is ReportState.HELD
    assert "Répondez OUI" in receipts(exchange)[0]


def test_cancelling_stores_nothing(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    line.key("12*18*7", "#")
    assert line.key("3") == ["<dropped>"]
    assert reports(exchange) == []
    with exchange.database.reading() as session:
        assert session.scalars(select(FlowSession)).one().draft is None


def test_a_pin_is_written_nowhere(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.press(pin, 1)
    line.press(pin, 1)  # a provider that asks again
    with exchange.database.reading() as session:
        kept = session.scalars(select(FlowSession)).one()
        assert pin not in str(kept.state)
        events = list(session.scalars(select(CallEvent).where(CallEvent.kind == "turn")))
        assert [row.details["digits"] for row in events] == ["····", "····"]
        assert pin not in (session.get_one(Member, line.world.members["moussa"]).pin_hash or "")


def test_three_wrong_pins_lock_for_a_day(exchange: Exchange, client: FlaskClient, world: World, line: Line, pin: str) -> None:
    wrong = "1234"
    line.answer()
    assert line.key(wrong)[:1] == ["<pin_bad>"]
    assert line.key(wrong)[:1] == ["<pin_bad>"]
    assert line.key(wrong) == ["<pin_bad>", "<goodbye>"]
    line.drop()
    for hours, heard in ((23, ["<pin_bad>", "<goodbye>"]), (25, ["<theme_ask>"])):
        again = Line(exchange, client, world, who="moussa", reason="bip", now=NOW + timedelta(hours=hours))
        again.answer()
        assert again.key(pin) == heard
        again.drop()


def test_a_right_pin_forgets_the_wrong_ones(exchange: Exchange, line: Line, pin: str) -> None:
    line.answer()
    line.key("1234")
    line.key(pin)
    with exchange.database.reading() as session:
        assert session.get_one(Member, line.world.members["moussa"]).pin_tries == 0


def test_without_a_pin_a_bip_opens_the_menu(exchange: Exchange, client: FlaskClient, world: World, pin: str) -> None:
    line = Line(exchange, client, world, who="sory", reason="bip")
    steps = line.answer()["steps"]
    assert isinstance(steps, list)
    assert steps[-1]["prompts"][0]["text"] == "<who>"


def test_zero_at_the_pin_leads_to_the_menu(line: Line) -> None:
    line.answer()
    assert line.key("0")[:1] == ["<who>"]


def test_several_clubs_are_asked_for(exchange: Exchange, client: FlaskClient, world: World, pin: str) -> None:
    with exchange.database.writing() as session:
        session.add(Post(member_id=world.members["moussa"], club_id=[*world.clubs.values()][2], since=NOW.date()))
    line = Line(exchange, client, world, who="moussa", reason="bip")
    line.answer()
    assert line.key(pin) == ["<club_ask>"]
    assert line.key("2043", "#") == ["<club_bad>"]
    assert line.key("1032", "#") == ["<theme_ask>"]
    line.key("12*18*7", "#")
    line.key("1")
    assert reports(exchange)[0].club_id == world.clubs["1032"]


def test_a_dropped_report_is_offered_again_for_a_day(
    exchange: Exchange, client: FlaskClient, world: World, line: Line, pin: str
) -> None:
    line.answer()
    line.key(pin)
    figures(line, "12", "18")
    line.drop()
    assert line.row.state is CallState.DROPPED
    again = Line(exchange, client, world, who="moussa", reason="bip", now=NOW + timedelta(hours=2))
    again.answer()
    assert again.key(pin) == ["<resume_ask>"]
    assert again.key("1") == ["<men_ask>"]
    figures(again, "7", "#", "#")
    again.key("1")
    again.key("1")
    assert reports(exchange)[0].values == {"theme": 12, "women": 18, "men": 7, "radio": True}
    again.drop()
    third = Line(exchange, client, world, who="moussa", reason="bip", now=NOW + timedelta(hours=3))
    third.answer()
    assert third.key(pin) == ["<theme_ask>"]


def test_a_report_given_up_is_kept_and_may_be_begun_anew(
    exchange: Exchange, client: FlaskClient, world: World, line: Line, pin: str
) -> None:
    line.answer()
    line.key(pin)
    figures(line, "12", "18")
    for _ in range(3):
        heard = line.key("")
    assert heard == ["<give_up>"]
    line.drop()
    again = Line(exchange, client, world, who="moussa", reason="bip", now=NOW + timedelta(hours=23))
    again.answer()
    again.key(pin)
    assert again.key("2") == ["<theme_ask>"]


def test_a_draft_of_yesterday_is_forgotten(exchange: Exchange, client: FlaskClient, world: World, line: Line, pin: str) -> None:
    line.answer()
    line.key(pin)
    figures(line, "12", "18")
    line.drop()
    again = Line(exchange, client, world, who="moussa", reason="bip", now=NOW + timedelta(hours=25))
    again.answer()
    assert again.key(pin) == ["<theme_ask>"]


def test_a_session_is_guided_by_two_bips_around_the_talk(exchange: Exchange, client: FlaskClient, world: World, pin: str) -> None:
    for label in ("before_ask", "voters_ask", "after_ask", "action_ask"):
        prompt(exchange, world, label, f"<{label}>")
    sending(exchange, world, "eau-propre")
    with exchange.database.writing() as session:
        session.get_one(Club, world.clubs["1032"]).meets_at = "10:30"
    first = Line(exchange, client, world, who="moussa")
    first.answer()
    assert first.key(pin) == ["<before_ask>"]
    assert first.key("6", "#") == ["<voters_ask>"]
    assert first.key("24", "#") == ["Lavez vos mains au savon avant de donner à manger au bébé.", "<after_ask>"]
    first.drop()
    second = Line(exchange, client, world, who="moussa", now=NOW + timedelta(hours=1))
    second.answer()
    assert second.key(pin) == ["<resume_ask>"]
    assert second.key("1") == ["<after_ask>"]
    figures(second, "15", "18", "7", "#", "#")
    assert second.key("1")[0] == "<readback>"
    assert second.key("1") == ["<saved>", "<action_ask>"]
    assert second.key("1") == ["<goodbye>"]
    assert [(row.kind, row.state, row.values) for row in reports(exchange)] == [
        ("CR", ReportState.VALID, {"theme": 12, "women": 18, "men": 7, "radio": True}),
        ("QZ", ReportState.VALID, {"theme": 12, "before": 6, "after": 15, "voters": 24}),
    ]
    with exchange.database.reading() as session:
        assert session.scalars(select(Action)).one().type == 9


@pytest.mark.parametrize(("meets", "heard"), [("14:30", "<theme_ask>"), ("12:00", "<before_ask>"), ("", "<theme_ask>")])
def test_a_session_is_guided_at_its_hour_alone(
    exchange: Exchange, client: FlaskClient, world: World, pin: str, meets: str, heard: str
) -> None:
    for label in ("before_ask", "voters_ask", "after_ask"):
        prompt(exchange, world, label, f"<{label}>")
    sending(exchange, world, "eau-propre")
    with exchange.database.writing() as session:
        session.get_one(Club, world.clubs["1032"]).meets_at = meets or None
    line = Line(exchange, client, world, who="moussa")
    line.answer()
    assert line.key(pin) == [heard]
