"""Menu 7: a club hears its own last month, and nobody else's."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from clubs.records import Report, ReportState
from messaging.exchange import Exchange
from tests.calls import NOW, Line, prompt
from tests.world import World

SAID = ("who", "menu_main", "goodbye", "no_key", "summary_intro", "summary_thanks", "option_summary", "option_stop")
UNITS = ("unit_sessions", "unit_women", "unit_men", "unit_points", "unit_answers", *(f"num_{n}" for n in (1, 7, 18, 38, 88)))
LAST_MONTH = (NOW.replace(day=1) - timedelta(days=20)).date()


@pytest.fixture
def met(exchange: Exchange, world: World) -> World:
    """Awa's club met once last month, Sory's as well with other figures."""
    for label in (*SAID, *UNITS, "to_choose", "press", "digit_7"):
        prompt(exchange, world, label, f"<{label}>")
    with exchange.database.writing() as session:
        for number, (code, women) in enumerate((("1032", 18), ("2043", 88)), start=1):
            row = Report(number=number, kind="CR", club_id=world.clubs[code], session_date=LAST_MONTH, reported_at=NOW)
            row.values, row.state = {"theme": 12, "women": women, "men": 7}, ReportState.VALID
            session.add(row)
        quiz = Report(number=9, kind="QZ", club_id=world.clubs["1032"], session_date=LAST_MONTH, reported_at=NOW)
        quiz.values, quiz.state = {"before": 6, "after": 15, "voters": 24}, ReportState.VALID
        session.add(quiz)
    return world


@pytest.mark.parametrize(
    ("who", "women", "gain"),
    [("awa", "<num_18>", ["<num_38>", "<unit_points>"]), ("oumar", "<num_88>", [])],
    ids=["Awa", "a member of Sory's club"],
)
def test_each_hears_the_figures_of_their_own_club(
    exchange: Exchange, client: FlaskClient, met: World, who: str, women: str, gain: list[str]
) -> None:
    line = Line(exchange, client, met, who=who, reason="bip")
    line.answer()
    heard = line.key("7")
    assert heard[:7] == ["<summary_intro>", "<num_1>", "<unit_sessions>", women, "<unit_women>", "<num_7>", "<unit_men>"]
    assert heard[7:-1][: len(gain) + 1] == [*gain, "<summary_thanks>"]


def test_a_month_without_sessions_is_not_offered(exchange: Exchange, client: FlaskClient, met: World) -> None:
    line = Line(exchange, client, met, who="fatou", reason="bip")
    line.answer()
    assert "<summary_intro>" not in line.key("7")
