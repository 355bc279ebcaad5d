"""Windows of the day, the Friday pause, local days."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from messaging.windows import Windows, of
from runtime.settings import Settings


def windows(push: str = "08:00-12:00,16:00-20:00", friday: str = "12:30-14:30", zone: str = "Africa/Bamako") -> Windows:
    return of(Settings(push_windows=push, friday_pause=friday, timezone=zone))


@pytest.mark.parametrize(
    ("day", "sets"),
    [
        pytest.param("2026-03-20", 18 * 60 + 22, id="march"),
        pytest.param("2026-06-21", 18 * 60 + 44, id="june"),
        pytest.param("2026-11-20", 17 * 60 + 39, id="november"),
    ],
)
def test_nobody_is_disturbed_half_an_hour_around_sunset(day: str, sets: int) -> None:
    """Bandiagara's sunsets as almanacs print them, to a few minutes."""
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    closed = [
        minute for minute in range(16 * 60, 20 * 60) if not windows().is_open(noon.replace(hour=minute // 60, minute=minute % 60))
    ]
    assert len(closed) == 60
    assert abs(closed[30] - sets) <= 5


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        pytest.param("16:00-17:00", "09:00", "16:00", id="narrowed"),
        pytest.param("19:00-21:00", "16:00", "19:00", id="the-evening"),
        pytest.param("13:00-15:00", "09:00", "09:00", id="a-slot-that-no-hour-allows-changes-nothing"),
    ],
)
def test_a_club_may_narrow_the_hours_or_choose_the_evening(hours: str, at: str, opens: str) -> None:
    day = "2026-11-18T"
    asked = datetime.fromisoformat(f"{day}{at}+00:00")
    assert windows().within(hours).next_open(asked) == datetime.fromisoformat(f"{day}{opens}+00:00")


def test_in_ramadan_an_evening_club_is_written_to_after_the_fast() -> None:
    ramadan = replace(windows(), ramadans=((date(2026, 2, 18), date(2026, 3, 19)),)).within("19:00-21:00")
    assert ramadan.next_open(datetime.fromisoformat("2026-03-02T09:00+00:00")) == datetime.fromisoformat("2026-03-02T20:30+00:00")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        pytest.param("2026-03-18T07:59", "2026-03-18T08:00", id="before the morning"),
        pytest.param("2026-03-18T08:00", "2026-03-18T08:00", id="as it opens"),
        pytest.param("2026-03-18T12:00", "2026-03-18T16:00", id="noon is closed"),
        pytest.param("2026-03-18T19:59", "2026-03-18T19:59", id="just before the end"),
        pytest.param("2026-03-18T20:00", "2026-03-19T08:00", id="the evening waits for the morning"),
    ],
)
def test_a_push_waits_for_the_next_window(at: str, opens: str) -> None:
    assert windows().next_open(datetime.fromisoformat(f"{at}+00:00")) == datetime.fromisoformat(f"{opens}+00:00")


@pytest.mark.parametrize(
    ("at", "open_"),
    [("2026-03-20T12:29", True), ("2026-03-20T12:30", False), ("2026-03-20T14:29", False), ("2026-03-20T14:30", True)],
    ids=["before", "as it begins", "until its end", "after"],
)
def test_friday_prayer_cuts_a_long_window_in_two(at: str, open_: bool) -> None:
    assert windows("08:00-20:00").is_open(datetime.fromisoformat(f"{at}+00:00")) is open_


def test_without_a_pause_friday_is_a_day_like_others() -> None:
    assert windows("08:00-20:00", friday="").is_open(datetime.fromisoformat("2026-03-20T13:00+00:00"))


def test_the_day_is_the_local_one() -> None:
    niamey = windows(zone="Africa/Niamey")
    assert niamey.local_day(datetime.fromisoformat("2026-03-18T23:30+00:00")).date().isoformat() == "2026-03-19"
    assert niamey.next_open(datetime.fromisoformat("2026-03-18T06:30+00:00")) == datetime.fromisoformat("2026-03-18T07:00+00:00")


def test_a_window_to_midnight_can_be_written() -> None:
    assert windows("20:00-24:00").is_open(datetime.fromisoformat("2026-03-18T23:59+00:00"))


def test_no_window_at_all_is_an_error_and_not_a_loop() -> None:
    with pytest.raises(ValueError, match="no window"):
        windows("").next_open(datetime.fromisoformat("2026-03-18T10:00+00:00"))
