"""Phone numbers as people write them, operators by prefix, and what pages show."""

import pytest

from messaging.numbers import can_receive_sms, is_malian_mobile, is_simulated, mask, normalise, operator_of


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("+22376123456", "+22376123456", id="E.164"),
        pytest.param("22376123456", "+22376123456", id="without plus"),
        pytest.param("76 12 34 56", "+22376123456", id="eight digits in pairs"),
        pytest.param("00223 76.12.34.56", "+22376123456", id="international prefix"),
        pytest.param("tel:+22376123456", "+22376123456", id="as Orange writes"),
        pytest.param("76123456.0", "+22376123456", id="as a spreadsheet gives it"),
        pytest.param("+33612345678", "+33612345678", id="foreign"),
        pytest.param("+22300010001", "+22300010001", id="simulated"),
        pytest.param("00010001", "+22300010001", id="simulated, eight digits"),
        pytest.param("0022300010001", "+22300010001", id="simulated, international prefix"),
        pytest.param("7612345", None, id="a digit too few"),
        pytest.param("761234567", None, id="a digit too many"),
        pytest.param("36085", None, id="short code"),
        pytest.param("OrangeInfo", None, id="a name"),
        pytest.param("76l23456", None, id="a letter for a digit"),
        pytest.param("", None, id="nothing"),
        pytest.param("+", None, id="a plus"),
        pytest.param("99999999999999999999", None, id="far too long"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, read: str | None) -> None:
    assert normalise(written) == read


@pytest.mark.parametrize(
    ("number", "operator"),
    [
        pytest.param("+22376123456", "orange", id="Orange 76"),
        pytest.param("+22366123456", "moov", id="Moov 66"),
        pytest.param("+22395123456", "moov", id="Moov 95"),
        pytest.param("+22350123456", "telecel", id="Telecel 50"),
        pytest.param("+22344123456", None, id="fixed"),
        pytest.param("+33612345678", None, id="abroad"),
        pytest.param("+22300010001", "simulator", id="simulated"),
    ],
)
def test_the_prefix_suggests_the_operator(number: str, operator: str | None) -> None:
    assert operator_of(number) == operator


def test_a_page_shows_two_digits_at_each_end() -> None:
    assert mask("+22376123456") == "76 •• •• 56"
    assert mask("+33612345678") == "•••• 78"


def test_simulated_numbers_are_known_by_their_zero() -> None:
    assert is_simulated("+22300000001")
    assert not is_simulated("+22376123456")
    assert not is_simulated("+223000000012")


@pytest.mark.parametrize(
    ("number", "sms", "callable_back"),
    [
        pytest.param("+22376123456", True, True, id="Malian mobile"),
        pytest.param("+22300010001", True, True, id="simulated"),
        pytest.param("+22320222222", False, False, id="fixed line"),
        pytest.param("+33612345678", True, False, id="foreign mobile"),
        pytest.param("OrangeInfo", False, False, id="a name"),
    ],
)
def test_only_mobiles_take_sms_and_only_malian_ones_are_called_back(number: str, sms: bool, callable_back: bool) -> None:
    assert can_receive_sms(number) is sms
    assert is_malian_mobile(number) is callable_back
