"""Club codes: a serial of three digits and a Damm check digit.

Damm catches every single wrong digit and every swap of neighbours, which Luhn does not (09 for 90).
"""

import re

_ROWS = (
    *("0317598642", "7092154863", "4206871359", "1750983426", "6123045978"),
    *("3674209581", "5869720134", "8945362017", "9438617205", "2581436790"),
)


def check_digit(digits: str) -> str:
    """The digit that, written after `digits`, makes the whole valid."""
    row = 0
    for digit in digits:
        row = int(_ROWS[row][int(digit)])
    return str(row)


def is_club_code(code: str) -> bool:
    """Four digits, serial 101-999, right check digit."""
    return re.fullmatch(r"[0-9]{4}", code) is not None and int(code[:3]) >= 101 and check_digit(code) == "0"
