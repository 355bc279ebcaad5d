"""Read, compare and mask phone numbers.

Mali reserves no number for fiction, so ours begin with `+2230`: no network can ever assign them, and only the simulator takes
them.
"""

import re

import phonenumbers
from phonenumbers import PhoneNumberType

SIMULATED = re.compile(r"\+2230\d{7}")
_ORANGE = (*tuple(str(p) for p in (*range(70, 80), *range(82, 86), *range(90, 95))), "2001")
_MOOV = (*tuple(str(p) for p in (*range(60, 70), 89, *range(95, 100))), "2079", "217")
_TELECEL = ("50", "51", "52", "53")


def normalise(text: str, region: str = "ML") -> str | None:
    """The number in E.164, or None: for names, short codes, wrong lengths. Takes +223…, 223…, eight digits, tel:… ."""
    written = text.strip().removeprefix("tel:").strip()
    if re.search(r"[^\W\d_]", written):
        return None
    digits = re.sub(r"\D", "", re.sub(r"\.0+$", "", written))
    if region == "ML" and (fictitious := _fictitious(digits)):
        return fictitious
    if len(digits) == 11 and digits.startswith("223"):
        written = f"+{digits}"
    elif not written.startswith(("+", "00")):
        written = digits
    try:
        parsed = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if _valid(parsed) else None


def is_simulated(number: str) -> bool:
    """Whether this E.164 number exists in the simulator only."""
    return SIMULATED.fullmatch(number) is not None


def operator_of(number: str) -> str | None:
    """The operator that the prefix suggests; numbers can be ported, so it is a guess for prices only."""
    if is_simulated(number):
        return "simulator"
    if not number.startswith("+223"):
        return None
    local = number.removeprefix("+223")
    for name, prefixes in (("orange", _ORANGE), ("moov", _MOOV), ("telecel", _TELECEL)):
        if local.startswith(prefixes):
            return name
    return None


def mask(number: str) -> str:
    """What a page shows: "76 •• •• 56". Anything but a Malian number shows its two last characters."""
    local = number.removeprefix("+223")
    if len(local) == 8 and local.isdigit():
        return f"{local[:2]} •• •• {local[-2:]}"
    return f"•••• {number[-2:]}"


def can_receive_sms(number: str) -> bool:
    """False for fixed and toll-free lines."""
    if is_simulated(number):
        return True
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return _valid(parsed) and phonenumbers.number_type(parsed) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def is_malian_mobile(number: str) -> bool:
    """Numbers we may ever call back: Malian mobiles and simulated phones (promises.md 3, toll fraud)."""
    return number.startswith("+223") and can_receive_sms(number)


def _fictitious(digits: str) -> str | None:
    local = digits.removeprefix("00223") if digits.startswith("00223") else digits.removeprefix("223")
    if len(digits) == 8:
        local = digits
    return f"+223{local}" if len(local) == 8 and local.startswith("0") else None


def _valid(parsed: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(parsed)
