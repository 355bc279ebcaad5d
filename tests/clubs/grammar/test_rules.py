"""Every numbered rule of field.md 2.2, by its number, and the club code, checks and replying rules of 2.2 and 2.3 by name.

Each line: the rule, the text (earlier ones before ` >> `), the outcome, and the values it must have.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clubs.grammar.context import Context, Sender
from clubs.grammar.damm import is_club_code
from clubs.grammar.judge import judge
from clubs.grammar.verdict import Verdict
from tests.clubs.grammar.world import MOUSSA, NOW, STRANGER, WITH_WORDS, later, play

WHOLE = {"theme": 12, "women": 18, "men": 7, "youth": 9, "radio": True}
PLAIN = {"theme": 12, "women": 18, "men": 7}
RULES = [
    ("1 digits of any script", "CR ١٢ १८ ７ 9 1", "ACK", WHOLE),
    ("1 accents and capitals", "sÉaNcE 12 18 7 9 1", "ACK", WHOLE),
    ("1 invisible characters", "C\u200bR 12 1\u20608 7", "ACK", PLAIN),
    ("1 compatibility forms", "ＣＲ １２ １８ ７", "ACK", PLAIN),
    *((f"2 separator {sign!r}", f"CR{sign}12{sign}{sign}18 {sign} 7", "ACK", PLAIN) for sign in " \n.,;:/-_*#"),
    ("2 two themes of one session", "CR 12+21 18 7", "ACK", {**PLAIN, "more_themes": (21,)}),
    ("2 digits of a number joined", "INS 70.12-34/56", "ACK", {"phone": "+22370123456"}),
    ("2 digits of a handover joined", "NF 70 12 34 56", "ACK", {"phone": "+22370123456"}),
    ("3 keyword touches digits", "CR12 18 7", "ACK", PLAIN),
    ("3 keyword touches labels", "CRT12F18H7", "ACK", PLAIN),
    ("3 keyword is the first word", "voici CR 12 18 7", "ASK", {}),
    ("4 O, I, L touching a digit", "CR I2 l8 7 9 O1", "ACK", WHOLE),
    ("4 letters of a label are never repaired", "CR HO T12 F18", "ASK", {}),
    ("4 a lone O is 0, never oui", "CR 12 18 7 9 O", "ACK", {**PLAIN, "youth": 9, "radio": False}),
    ("4 a lone I is asked", "CR 12 18 I", "ASK", {}),
    ("4 a lone L is asked", "CR 12 18 7 9 l", "ASK", {}),
    ("5 any order", "CR H7 T12 F18", "ACK", PLAIN),
    ("5 glued pairs first", "CR 12 18F 7H", "ACK", PLAIN),
    ("5 labels after their numbers", "CR 18 femmes 7 hommes 12 theme", "ACK", PLAIN),
    ("5 one leading bare number", "CR 12 femmes 18 hommes 7", "ACK", PLAIN),
    ("5 a repeated label", "CR T12 F18 H7 F18", "ASK", {}),
    ("5 an unpaired label", "CR T12 F18 H7 J", "ASK", {}),
    ("5 an unpaired number", "CR T12 F18 H7 9", "ASK", {}),
    ("6 linking words", "CR le 12 avec 18 et 7 dont 9", "ACK", {**PLAIN, "youth": 9}),
    ("6 a note", "CR 12 18 7 Merci Awa", "ACK", {**PLAIN, "note": "Merci Awa"}),
    ("6 another word before a number", "CR 12 18 bonjour 7", "ASK", {}),
    ("6 a time", "CR 12 18 7 9 1 15h30", "ACK", WHOLE),
    ("7 X is unknown, not 0", "CR 12 18 7 X 1", "ACK", {**PLAIN, "youth": None, "radio": True}),
    ("7 missing is unknown", "CR 12 18 7", "ACK", {**PLAIN, "youth": None, "radio": None}),
    ("7 oui in the radio slot", "CR 12 18 7 9 oui", "ACK", WHOLE),
    ("7 oui nowhere else", "CR 12 oui 7", "ASK", {}),
    ("8 all may be young", "CR 12 18 7 25", "ACK", {**PLAIN, "youth": 25}),
    ("8 youth is part of the total", "CR 12 18 7 26", "ASK", {}),
    ("9 glued digits", "CR 12 1807", "ASK", {"women": None}),
    ("10 surplus in CR", "CR 12 18 7 9 1 4", "ASK", {}),
    ("10 surplus in QZ", "QZ 12 6 15 24 3", "ASK", {}),
    ("10 surplus in DC", "DC 4 22 6 11 2", "ASK", {}),
    ("10 surplus in EV", "EV 1 40 35 6 2", "ASK", {}),
    ("10 leading numbers of RAS, the rest a note", "RAS 3 tirs la nuit", "ACK", {"reason": 3, "note": "tirs la nuit"}),
    ("11 number words ask without the extension", "CR douze 18 7", "ASK", {}),
    ("12 the latest 20th", "CR D20 12 18 7", "HOLD", {"date": "2026-02-20"}),
    ("12 today's number is today", "CR D18 12 18 7", "ACK", {"date": "2026-03-18"}),
    ("12 day and month", "CR D15/3 12 18 7", "ACK", {"date": "2026-03-15"}),
    ("12 with the year", "CR D15/3/2026 12 18 7", "ACK", {"date": "2026-03-15"}),
    ("12 a longer chain separates", "CR D15/12/18/7", "ACK", {**PLAIN, "date": "2026-03-15"}),
    ("12 hier", "CR D hier 12 18 7", "ACK", {"date": "2026-03-17"}),
    ("12 auj", "CR D auj 12 18 7", "ACK", {"date": "2026-03-18"}),
    ("12 mercredi is today", "CR D mercredi 12 18 7", "ACK", {"date": "2026-03-18"}),
    ("12 jeudi is the last one", "CR D jeudi 12 18 7", "ACK", {"date": "2026-03-12"}),
    ("12 future", "CR D19/3 12 18 7", "ASK", {"date": None}),
    ("12 impossible", "CR D30/2 12 18 7", "ASK", {"date": None}),
    ("12 over 45 days", "CR D31/1 12 18 7", "ASK", {"date": None}),
    ("12 45 days are held", "CR D1/2 12 18 7", "HOLD", {"date": "2026-02-01"}),
    ("12 14 days are not", "CR D4/3 12 18 7", "ACK", {"date": "2026-03-04"}),
    ("12 15 days are held", "CR D3/3 12 18 7", "HOLD", {"date": "2026-03-03"}),
    ("13 labels are a CR", "T12 F18 H7", "ACK", PLAIN),
    ("13 three numbers are a CR", "12 18 7", "ACK", PLAIN),
    ("13 two numbers are asked", "12 18", "ASK", {}),
    ("13 one digit is an answer", "2", "INFO", {"digit": 2}),
    ("14 first word", "arret de tout cela maintenant svp merci", "INFO", {}),
    ("14 anywhere in four words", "je veux arreter svp", "INFO", {}),
    ("14 never beside feeding", "arreter le sein", "ACK", {}),
    ("15 one letter off", "CF 12 18 7", "ASK", {"theme": None}),
    ("15 a swap of neighbours", "RSA 1", "ASK", {"reason": None}),
    ("check unknown theme", "CR 14 18 7", "ASK", {}),
    ("check unknown recipe", "DC 0 22 6", "ASK", {}),
    ("check unknown reason", "RAS 8", "ASK", {}),
    ("check unknown action", "AC 0 jardin", "ASK", {}),
    ("check unknown event", "EV 9 40 35", "ASK", {}),
    ("check nobody", "CR 12 0 0", "ASK", {}),
    ("check M > F", "CR 12 18 7 M19", "ASK", {}),
    ("check M = F", "CR 12 18 7 M18", "ACK", {"mothers": 18}),
    ("check radio 2", "CR 12 18 7 9 2", "ASK", {}),
    ("check before > voters", "QZ 12 25 15 24", "ASK", {}),
    ("check after > voters", "QZ 12 6 25 24", "ASK", {}),
    ("check required of QZ", "QZ 12 6 15", "ASK", {}),
    ("check required of DC", "DC 4 22", "ASK", {}),
    ("check required of EV", "EV 1 40", "ASK", {}),
    ("check 80 are stored", "CR 12 40 40", "ACK", {}),
    ("check 81 are held", "CR 12 41 40", "HOLD", {}),
    ("2.3 the same again", "CR 12 18 7 >> CR 12 18 7", "INFO", {}),
    ("2.3 the same action", "AC 2 jardin >> ac 2, JARDIN", "INFO", {}),
    ("2.3 the same question", "Q quoi manger >> q Quoi manger?", "INFO", {}),
    ("2.3 a second CR of the theme", "CR 12 18 7 >> CR 12 21 4", "FIX", {"women": 21}),
    ("2.3 a second QZ of the theme", "QZ 12 6 15 24 >> QZ 12 7 15 24", "FIX", {"before": 7}),
    ("2.3 DC always a version", "DC 4 22 6 >> DC 5 20 6", "FIX", {"recipe": 5}),
    ("2.3 another theme is asked", "CR 12 18 7 >> CR 13 18 7", "ASK", {}),
    ("2.3 RAS after CR is asked", "CR 12 18 7 >> RAS 1", "ASK", {}),
    ("2.3 CR replaces the RAS", "RAS 1 >> CR 12 18 7", "ACK", PLAIN),
    ("2.3 a missing label completes", "CR 12 18 >> H7", "ACK", PLAIN),
    ("2.3 a full resend completes", "CR 12 18 >> CR 13 20 5", "ACK", {"theme": 13, "women": 20, "men": 5}),
    ("2.3 OK confirms a hold", "CR 12 95 40 >> ok", "ACK", {"women": 95}),
    ("2.3 OK never consents", "STOP >> OUI >> ok", "INFO", {}),
    ("2.3 a second stop is silent", "STOP >> STOP", "NONE", {}),
    ("2.3 the newest prompt owns the digit", "CR 12 18 7 >> CR 13 20 5 >> LANGUE >> 2", "ACK", {"language": "bm"}),
]


def heard(text: str, context: Context = MOUSSA) -> Verdict:
    *earlier, last = text.split(" >> ")
    return judge(last, play(context, earlier))


@pytest.mark.parametrize(("rule", "text", "outcome", "values"), RULES, ids=[rule[0] for rule in RULES])
def test_a_rule_of_the_field_guide_holds(rule: str, text: str, outcome: str, values: dict[str, object]) -> None:
    verdict = heard(text)
    assert verdict.outcome == outcome, verdict
    for name, value in values.items():
        found = getattr(verdict.values, name)
        assert (found.isoformat() if name == "date" and found else found) == value, verdict


def test_each_rule_of_reading_is_here() -> None:
    assert {rule[0].split()[0] for rule in RULES} >= {str(number) for number in range(1, 16)}


def test_rule_11_number_words_always_wait_for_a_yes() -> None:
    assert heard("CR douze dix-huit sept", WITH_WORDS).outcome == "HOLD"
    assert heard("CR quatre-vingt-dix-sept 18 7", WITH_WORDS).values.theme == 97, "the longest match"
    assert heard("CR 12 cent zero", WITH_WORDS).values.women == 100
    assert heard("CR douze dix-huit sept >> OUI", WITH_WORDS).outcome == "ACK"


def test_rule_12_the_default_is_the_gateways_day_if_plausible() -> None:
    sent = replace(MOUSSA, sent_at=NOW - timedelta(days=1))
    assert judge("CR 12 18 7", sent).values.date == (NOW - timedelta(days=1)).date()
    for wrong in (datetime(2030, 1, 1, tzinfo=UTC), NOW - timedelta(days=400)):
        assert judge("CR 12 18 7", replace(MOUSSA, sent_at=wrong)).values.date == NOW.date()


def test_rule_13_only_a_facilitator_may_leave_the_keyword_out() -> None:
    for context in (STRANGER, replace(MOUSSA, sender=Sender.MEMBER)):
        assert heard("12 18 7 9 1", context).outcome == "ASK"
        assert heard("T12 F18 H7", context).outcome == "ASK"


@pytest.mark.parametrize("code", ["1010", "1029", "1032", "2043", "2455"])
def test_the_guides_valid_club_codes_are_valid(code: str) -> None:
    assert is_club_code(code)


@pytest.mark.parametrize("code", ["1014", "1023", "103", "10322", "0000", "1032 "])
def test_other_codes_are_not(code: str) -> None:
    assert not is_club_code(code)


def test_machines_get_silence() -> None:
    assert heard("CR 12 18 7", replace(MOUSSA, sender=Sender.MACHINE)).reply == ""


def test_an_undo_counts_for_48_hours_and_a_second_bare_one_after_ten_minutes() -> None:
    stored = play(MOUSSA, ["CR D17 12 18 7", "CR 12 18 7"])
    assert judge("AN", later(stored, hours=49)).outcome == "INFO"
    undone = play(stored, ["AN"])
    assert judge("AN", undone).outcome == "INFO"
    assert judge("AN", later(undone, minutes=10)).outcome == "ACK"


def test_drafts_and_holds_last_24_hours_and_quiz_questions_72() -> None:
    assert judge("H7", later(play(MOUSSA, ["CR 12 18"]), hours=25)).outcome == "ASK"
    assert judge("OUI", later(play(MOUSSA, ["CR 12 95 40"]), hours=25)).outcome == "INFO"


def test_a_second_help_within_a_day_opens_a_ticket() -> None:
    assert heard("AIDE >> AIDE").effect.do == "ticket"
