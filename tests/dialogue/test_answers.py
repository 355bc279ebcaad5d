"""What people send, and what it means where it is awaited."""

import pytest

from dialogue.answers import Answer, Key, Miss, Understood, understand
from dialogue.values import Ended, Input, Pressed, Recorded, Said, TimedOut, Wait, choice, number, sound, text

MENU = choice("1", "2", "#", words={"oui": "1", "non": "2"})
COUNT = number(0, 80)
COUNT_OR_UNKNOWN = number(0, 80, unknown=True)
FLOW_KEYS = {"0", "9", "*"}


def case(wait: Wait, given: Input, meaning: Understood, name: str) -> object:
    return pytest.param(wait, given, meaning, id=name)


@pytest.mark.parametrize(
    ("wait", "given", "meaning"),
    [
        case(MENU, Pressed("2"), Key("2"), "a key"),
        case(MENU, Pressed("2", "#"), Key("2"), "a key closed by hash"),
        case(MENU, Pressed("2#"), Key("2"), "a key with its hash in the keys"),
        case(MENU, Pressed("", "#"), Key("#"), "a bare hash as a finishing key"),
        case(MENU, Pressed("#"), Key("#"), "a bare hash as a key"),
        case(MENU, Pressed("*"), Key("*"), "a star"),
        case(MENU, Pressed("22"), Miss.WRONG_KEY, "two keys"),
        case(MENU, Pressed(""), Miss.NO_KEY, "no key"),
        case(MENU, TimedOut(), Miss.NO_KEY, "silence"),
        case(MENU, Said("2"), Key("2"), "a digit"),
        case(MENU, Said("2."), Key("2"), "a digit and a stop"),
        case(MENU, Said(" 2 "), Key("2"), "a digit between spaces"),
        case(MENU, Said("Rep 2"), Key("2"), "rep"),
        case(MENU, Said("Réponse : 2"), Key("2"), "an accented word before the digit"),
        case(MENU, Said("R2"), Key("2"), "R touching the digit"),
        case(MENU, Said("٢"), Key("2"), "an Arabic digit"),
        case(MENU, Said("２"), Key("2"), "a wide digit"),
        case(MENU, Said("\u200b2\x00"), Key("2"), "invisible characters"),
        case(MENU, Said("Oui."), Key("1"), "a word for a key"),
        case(MENU, Said("NON !"), Key("2"), "a word in capitals"),
        case(MENU, Said("O"), Miss.WRONG_KEY, "a letter O"),
        case(MENU, Said("23"), Miss.WRONG_KEY, "two digits"),
        case(MENU, Said("bonjour"), Miss.WRONG_KEY, "free text"),
        case(MENU, Said(" \n"), Miss.NO_KEY, "a blank text"),
        case(MENU, Said("\ud800"), Miss.NO_KEY, "half a character"),
        case(MENU, Recorded("r1", 5), Miss.WRONG_KEY, "a sound at a menu"),
        case(COUNT, Pressed("18", "#"), Answer(18), "keys of a number"),
        case(COUNT, Pressed("18#"), Answer(18), "keys of a number with their hash"),
        case(COUNT, Said("Rep 18."), Answer(18), "a typed number"),
        case(COUNT, Said("٠"), Answer(0), "an Arabic zero"),
        case(COUNT, Pressed("9", "#"), Answer(9), "a digit that is also a flow key"),
        case(COUNT, Pressed("80", "#"), Answer(80), "the highest number"),
        case(COUNT, Pressed("81", "#"), Miss.WRONG_KEY, "a number too high"),
        case(number(2, 5), Said("2"), Answer(2), "the lowest number"),
        case(number(2, 5), Said("1"), Miss.WRONG_KEY, "a number too low"),
        case(COUNT, Said("9" * 6000), Miss.WRONG_KEY, "thousands of digits"),
        case(COUNT, Said("-3"), Miss.WRONG_KEY, "a negative number"),
        case(COUNT, Said("x"), Miss.WRONG_KEY, "unknown where a number is needed"),
        case(COUNT, Recorded("r1", 5), Miss.WRONG_KEY, "a sound for a number"),
        case(COUNT, Pressed("*"), Key("*"), "a lone star at a number"),
        case(COUNT_OR_UNKNOWN, Pressed("", "#"), Answer(None), "a bare hash"),
        case(COUNT_OR_UNKNOWN, Pressed("*", "#"), Answer(None), "star hash"),
        case(COUNT_OR_UNKNOWN, Pressed("*#"), Answer(None), "star hash in one"),
        case(COUNT_OR_UNKNOWN, Said("X."), Answer(None), "a typed X"),
        case(COUNT_OR_UNKNOWN, TimedOut(), Miss.NO_KEY, "silence at a number"),
        case(text(), Said(" Awa\x00 e\u0301coute "), Answer("Awa \u00e9coute"), "a text, made safe to store"),
        case(text(), Pressed("0123", "#"), Answer("0123"), "keys as a text keep their zero"),
        case(text(), Pressed("9"), Answer("9"), "a digit at a text"),
        case(text(), Pressed("", "#"), Miss.WRONG_KEY, "a bare hash at a text"),
        case(text(), Pressed("*"), Key("*"), "a lone star at a text"),
        case(text(), Recorded("r1", 5), Miss.WRONG_KEY, "a sound for a text"),
        case(sound(), Recorded("r1", 2), Answer("r1", 2), "the shortest sound"),
        case(sound(), Recorded("r1", 1.9), Miss.NO_KEY, "a sound too short"),
        case(sound(), Recorded("r1", float("nan")), Miss.NO_KEY, "a sound without a length"),
        case(sound(max_s=60), Recorded("r1", float("inf")), Answer("r1", 60), "a sound without an end"),
        case(sound(max_s=60), Recorded("r1", 61, Ended.FULL), Answer("r1", 60), "a sound measured too long"),
        case(sound(), Recorded("r1", 9, Ended.HANGUP), Answer("r1", 9), "a sound cut by hanging up"),
        case(sound(), Said("Peut-on donner un oeuf ?"), Answer("Peut-on donner un oeuf ?"), "a question typed"),
        case(sound(), Said("9."), Key("9"), "a flow key typed at a sound"),
        case(sound(), Pressed("0"), Key("0"), "a flow key at a sound"),
        case(sound(), Said("3"), Miss.WRONG_KEY, "another digit typed at a sound"),
        case(sound(), Pressed("3"), Miss.WRONG_KEY, "another key at a sound"),
    ],
)
def test_an_input_means_this_where_it_is_awaited(wait: Wait, given: Input, meaning: Understood) -> None:
    assert understand(wait, given, FLOW_KEYS) == meaning


def test_a_star_is_a_wrong_number_in_a_flow_without_that_key() -> None:
    assert understand(COUNT, Pressed("*"), set()) is Miss.WRONG_KEY
