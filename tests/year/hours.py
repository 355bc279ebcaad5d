"""The hours in which a phone may be written to, minute by minute, in the words of field.md.

`slot` is what a club agreed to: None for the usual hours, "evening" for 19:00-21:00, "afternoon" for 16:00-18:00.
"""

import math
from datetime import date, datetime, time, timedelta
from functools import cache

MINUTE = timedelta(minutes=1)
FRIDAY = (time(8, 45), time(14, 30))
"""Longer than field.md's, which lies outside the usual hours, so that it shows."""


@cache
def opens(ramadan: tuple[date, date], moment: datetime, slot: str | None) -> datetime:
    """`moment`, or the first minute after it that is open."""
    while not _is_open(ramadan, moment, slot):
        moment = moment.replace(second=0, microsecond=0) + MINUTE
    return moment


def _is_open(ramadan: tuple[date, date], moment: datetime, slot: str | None) -> bool:
    clock, day = moment.time(), moment.date()
    fasting = ramadan[0] <= day <= ramadan[1]
    hours = [(time(9, 30), time(12)), (time(20, 30), time(22))] if fasting else [(time(8), time(12)), (time(16), time(20))]
    if slot == "evening":
        hours = [(time(20, 30), time(21))] if fasting else [(time(19), time(21))]
    if slot == "afternoon" and not fasting:  # Ramadan leaves nothing of it: then Ramadan's own hours
        hours = [(time(16), time(18))]
    if not any(begin <= clock < end for begin, end in hours):
        return False
    if day.weekday() == 4 and FRIDAY[0] <= clock < FRIDAY[1]:
        return False
    sunset = _sunset(day)
    return not sunset - 30 <= clock.hour * 60 + clock.minute < sunset + 30


@cache
def _sunset(day: date) -> float:
    """Minutes after midnight UTC at 14° 21' north, 3° 37' west: noon by Spencer's series, the day by Cooper's angle."""
    turn = 2 * math.pi * (day.timetuple().tm_yday - 1) / 365
    equation = 229.18 * (
        0.000075
        + 0.001868 * math.cos(turn)
        - 0.032077 * math.sin(turn)
        - 0.014615 * math.cos(2 * turn)
        - 0.040849 * math.sin(2 * turn)
    )
    tilt = math.radians(23.45 * math.sin(2 * math.pi * (284 + day.timetuple().tm_yday) / 365))
    half = math.degrees(math.acos(-math.tan(math.radians(14.35)) * math.tan(tilt))) * 4 + 3.4
    return 12 * 60 + 4 * 3.61 - equation + half
