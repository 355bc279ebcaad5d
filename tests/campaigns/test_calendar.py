"""When an event is due, and what becomes of a time that passed unseen."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.calendar import NOTHING, decide, dues, first_due, next_due
from campaigns.models import CampaignEvent, CatchUp, OccurrenceState, Repeat

BAMAKO = ZoneInfo("Africa/Bamako")
PARIS = ZoneInfo("Europe/Paris")
NINE = datetime(2026, 3, 18, 9, tzinfo=UTC)
WEEK = timedelta(weeks=1)
FIRED, SKIPPED, MERGED = OccurrenceState.FIRED, OccurrenceState.SKIPPED, OccurrenceState.MERGED


def event(repeat: Repeat = Repeat.WEEKLY, catch_up: CatchUp = CatchUp.SEND_LATE, until: datetime | None = None) -> CampaignEvent:
    return CampaignEvent(repeat=repeat, catch_up=catch_up, starts_at=NINE, until=until, next_due=NINE)


def test_a_weekly_event_returns_after_seven_days_until_it_ends() -> None:
    weekly = event(until=NINE + 2 * WEEK)
    assert [due.at for due in dues(weekly, NOTHING, None, NINE + 10 * WEEK, BAMAKO)] == [NINE, NINE + WEEK, NINE + 2 * WEEK]
    assert list(dues(weekly, NOTHING, None, NINE - timedelta(seconds=1), BAMAKO)) == []


def test_a_weekly_event_keeps_its_local_hour_over_a_clock_change() -> None:
    before = datetime(2026, 3, 25, 8, tzinfo=UTC)  # nine in Paris, four days before summer time
    weekly = CampaignEvent(repeat=Repeat.WEEKLY, starts_at=before)
    after = next_due(weekly, NOTHING, before, PARIS)
    assert after is not None
    assert after == datetime(2026, 4, 1, 7, tzinfo=UTC)
    assert after.astimezone(PARIS).hour == 9


@pytest.mark.parametrize(
    ("found", "now", "expected"),
    [
        pytest.param(event(Repeat.ONCE), NINE, NINE, id="once-due-now"),
        pytest.param(event(Repeat.ONCE), NINE + timedelta(seconds=1), None, id="once-already-past"),
        pytest.param(event(), NINE + timedelta(days=8), NINE + 2 * WEEK, id="weekly-joined-later"),
        pytest.param(event(until=NINE), NINE + timedelta(days=1), None, id="weekly-over"),
        pytest.param(event(Repeat.STAGE), NINE, None, id="stage"),
        pytest.param(CampaignEvent(repeat=Repeat.ONCE), NINE, None, id="no-date"),
    ],
)
def test_the_first_due_time_is_never_past(found: CampaignEvent, now: datetime, expected: datetime | None) -> None:
    assert first_due(found, NOTHING, now, BAMAKO) == expected


@pytest.mark.parametrize(
    ("policy", "late", "expected"),
    [
        pytest.param(CatchUp.SEND_LATE, timedelta(minutes=-10), FIRED, id="ahead"),
        pytest.param(CatchUp.SKIP, timedelta(minutes=5), FIRED, id="skip-within-grace"),
        pytest.param(CatchUp.SKIP, timedelta(minutes=6), SKIPPED, id="skip-late"),
        pytest.param(CatchUp.SEND_LATE, timedelta(hours=6), FIRED, id="late-by-six-hours"),
        pytest.param(CatchUp.SEND_LATE, timedelta(hours=6, seconds=1), SKIPPED, id="late-by-more"),
        pytest.param(CatchUp.SEND_NEXT, timedelta(hours=1), MERGED, id="next-takes-it"),
    ],
)
def test_a_late_time_follows_the_policy(policy: CatchUp, late: timedelta, expected: OccurrenceState) -> None:
    assert decide(event(catch_up=policy), [NINE], NINE + late, BAMAKO, followed=True) == {NINE: expected}


def test_late_within_six_hours_but_tomorrow_is_skipped() -> None:
    evening = datetime(2026, 3, 18, 21, tzinfo=UTC)
    assert decide(event(), [evening], evening + timedelta(hours=4), BAMAKO, followed=True) == {evening: SKIPPED}


def test_a_time_merged_into_none_is_skipped() -> None:
    assert decide(event(Repeat.ONCE, CatchUp.SEND_NEXT), [NINE], NINE + timedelta(hours=1), BAMAKO, followed=False) == {
        NINE: SKIPPED
    }


def test_after_three_missed_weeks_only_the_present_one_is_sent() -> None:
    missed = [NINE, NINE + WEEK, NINE + 2 * WEEK]
    now = missed[-1]
    assert list(decide(event(), missed, now, BAMAKO, followed=True).values()) == [SKIPPED, SKIPPED, FIRED]
    assert list(decide(event(catch_up=CatchUp.SEND_NEXT), missed, now, BAMAKO, followed=True).values()) == [MERGED, MERGED, FIRED]
