"""Every numbered example of field.md 2.4, by its row number."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import smsutil

from clubs.grammar.context import Asked, Context, OpenAction, Prompt, Sender, State, Version
from clubs.grammar.judge import judge
from clubs.grammar.values import Flag, Kind, Values
from clubs.grammar.verdict import Do
from tests.clubs.grammar.world import MOUSSA, NOW, STRANGER, SUPERVISOR, WITH_WORDS, play, read

TODAY = {"club": "1032", "date": "2026-03-18"}
SUNDAY = {"club": "1032", "date": "2026-03-15"}
ROW_10 = {"theme": 12, "women": 18, "men": 7}
ROW_1 = {**ROW_10, "youth": 9, "radio": True}
QUIZ = {"theme": 12, "before": 6, "after": 15, "voters": 24}
REPORT = Version(57, Kind.CR, Values(theme=12, women=18, men=7, club="1032", date=NOW.date()), NOW - timedelta(hours=1))
HELD = replace(REPORT, state=State.HELD)
ONE_ACTION = replace(MOUSSA, actions=(OpenAction(3, "1032"),))
TWO_ACTIONS = replace(MOUSSA, actions=(OpenAction(2, "1032"), OpenAction(3, "1032")))
ONE_REPORT = replace(MOUSSA, reports=(REPORT,), next_report=58)
OPEN_QUIZ = replace(MOUSSA, prompts=(Prompt(Asked.QUIZ, NOW, NOW + timedelta(hours=72), options=("a", "b", "c")),))
INVITED = replace(STRANGER, prompts=(Prompt(Asked.JOIN, NOW, NOW + timedelta(days=30)),))
DECIDING = replace(SUPERVISOR, reports=(HELD,))
AFTER_22 = play(MOUSSA, ["CR 12 18"])
AFTER_37 = play(MOUSSA, ["CR D15 12 18 7"])
AFTER_38 = play(AFTER_37, ["CR D15/3 T13 F21 H4"])


@dataclass(frozen=True)
class Row:
    number: str
    text: str
    outcome: str
    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    context: Context = MOUSSA
    do: Do | None = None
    flag: Flag | None = None


def cr(number: str, text: str, values: dict[str, Any], says: str = "Merci. No 57", **more: Any) -> Row:
    return Row(number, text, "ACK", "CR", {**TODAY, **values}, says, **more)


ROWS = [
    cr(
        "1", "CR 12 18 7 9 1", ROW_1, "club 1032, mer. 18 mars, repas en grossesse, 18 femmes, 7 hommes, dont 9 jeunes, radio oui"
    ),
    cr("2", "cr12 18 7 9 1", ROW_1),
    cr("3", "Cr.12.18.7.9.1", ROW_1),
    cr("4", "CR*12*18*7*9*1#", ROW_1),
    cr("5", "C.R 12-18-7-9-1", ROW_1),
    cr("6", "kr 12 , 18 ; 7 / 9 , 1 Merci Awa", ROW_1),
    cr("7", "CR ١٢ ١٨ ٧ ٩ ١", ROW_1),
    cr("8", "CRT12F18H7J9R1", ROW_1),
    cr("9", "cr thème 12 femmes 18 hommes 7 jeunes 9 radio oui", ROW_1),
    cr("10", "séance 12 18 7", ROW_10),
    cr("11", "CR F18 H7 T12", ROW_10),
    cr("12", "CR 12 18 femmes 7 hommes", ROW_10),
    cr("13", "CR 12 18F 7H 9J", {**ROW_10, "youth": 9}),
    cr("14", "CR 12 l8 7 9 1", ROW_1),
    cr("15", "CR 12 18 O 9 1", {**ROW_1, "men": 0}, "0 homme,"),
    Row("16", "CR 12 18 7 l", "ASK", "CR", {**TODAY, **ROW_10}, "est-ce 1?"),
    cr("17", "CR 12 18 7 X 1", {**ROW_10, "radio": True}),
    cr("18", "CR 12 18 7 9 1 à 15h30", ROW_1),
    cr("19", "12 18 7 9 1", ROW_1, flag=Flag.INFERRED),
    Row("20", "12 18 7 9 1", "ASK", "NONE", {}, "club", STRANGER, Do.NOTHING),
    Row("21", "CR", "ASK", "CR", TODAY, "Ex: CR 12 18 7 9 1"),
    Row("22", "CR 12 18", "ASK", "CR", {**TODAY, "theme": 12, "women": 18}, "hommes", do=Do.DRAFT),
    cr("23", "H7", ROW_10, context=AFTER_22, do=Do.STORE),
    Row("24", "CR 12187 9", "ASK", "CR", TODAY, "12187"),
    Row("25", "CR 1 18 7", "ASK", "CR", {**TODAY, **ROW_10, "theme": 1}, "Voir carte"),
    Row("26", "CR 12 0 0", "ASK", "CR", {**TODAY, "theme": 12, "women": 0, "men": 0}, "RAS?"),
    Row("27", "CR 12 5 3 20", "ASK", "CR", {**TODAY, "theme": 12, "women": 5, "men": 3, "youth": 20}, "20 jeunes"),
    Row("28", "CR 12 18 7 9 1 4", "ASK", "CR", TODAY, "de trop: 4"),
    Row("29", "CR F18 F7 T12", "ASK", "CR", TODAY, "Deux fois les femmes"),
    Row("30", "CR 12 18 7 enfants 5", "ASK", "CR", TODAY, "ENFANTS"),
    Row("31", "CR 12 95 40", "HOLD", "CR", {**TODAY, "theme": 12, "women": 95, "men": 40}, "Total 135", do=Do.HOLD),
    Row("32", "CR douze 18 7", "ASK", "CR", TODAY, "DOUZE"),
    Row("32-extension", "CR douze 18 7", "HOLD", "CR", {**TODAY, **ROW_10}, "OUI", WITH_WORDS),
    cr("33", "CR C2043 12 18 7", {**ROW_10, "club": "2043"}, "club 2043", flag=Flag.OTHER_CLUB),
    cr("34", "CR C 2O43 12 18 7", {**ROW_10, "club": "2043"}, "club 2043"),
    Row("35", "CR C1023 12 18 7", "ASK", "CR", {**ROW_10, "date": "2026-03-18"}, "1023"),
    cr("36", "CR C1032 12 18 7", ROW_10, "à vérifier", context=STRANGER, flag=Flag.UNVERIFIED),
    cr("37", "CR D15 12 18 7", {**SUNDAY, **ROW_10}, "dim. 15 mars"),
    Row(
        "38",
        "CR D15/3 T13 F21 H4",
        "ASK",
        "CR",
        {**SUNDAY, "theme": 13, "women": 21, "men": 4},
        "1 correction, 2 autre seance",
        AFTER_37,
        Do.CHOOSE,
    ),
    cr("39", "CR D 15/12/18/7", {**SUNDAY, **ROW_10}),
    cr("40", "CR D hier 12 18 7", {**ROW_10, "date": "2026-03-17"}, "mar. 17 mars"),
    Row("41", "CR D28 12 18 7", "HOLD", "CR", {**TODAY, **ROW_10, "date": "2026-02-28"}, "28 fév."),
    Row("42", "CR D19/3 12 18 7", "ASK", "CR", {**ROW_10, "club": "1032"}, "19/3"),
    Row("43", "QZ 12 6 15 24", "ACK", "QZ", {**TODAY, **QUIZ}, "6 puis 15 sur 24", flag=Flag.NO_SESSION),
    Row("44", "quiz 12 avant 6 apres 15 votants 24", "ACK", "QZ", {**TODAY, **QUIZ}, "6 puis 15 sur 24"),
    Row("45", "QZ 12 6 15", "ASK", "QZ", {**TODAY, "theme": 12, "before": 6, "after": 15}, "votants"),
    Row("46", "QZ 12 6 30 24", "ASK", "QZ", {**TODAY, **QUIZ, "after": 30}, "30 bonnes"),
    Row("47", "AC 2 40 pieds de moringa", "ACK", "AC", {**TODAY, "action_type": 2, "due_days": 30}, "Action 4", do=Do.ACTION),
    Row("48", "AC 2 E15 40 pieds", "ACK", "AC", {**TODAY, "action_type": 2, "due_days": 15}, "40 pieds"),
    Row("49", "AC on va faire un jardin", "ACK", "AC", {**TODAY, "action_type": 9, "due_days": 30}, "on va faire un jardin"),
    Row("50", "FAIT 3 40", "ACK", "FAIT", {**TODAY, "quantity": 40}, "Action 3", TWO_ACTIONS, Do.DONE),
    Row("51", "FAIT", "ACK", "FAIT", TODAY, "Action 3", ONE_ACTION, Do.DONE),
    Row("51-several", "FAIT", "ASK", "FAIT", TODAY, "2, 3", TWO_ACTIONS),
    Row("52", "DC 4 22 6 11", "ACK", "DC", {**TODAY, "recipe": 4, "women": 22, "men": 6, "children": 11}, "recette 4"),
    Row("53", "DC 4", "ASK", "DC", {**TODAY, "recipe": 4}, "femmes"),
    Row("54", "RAS 3 C1032 D15", "ACK", "RAS", {**SUNDAY, "reason": 3}, "dim. 15 mars", flag=Flag.TELL_SUPERVISOR),
    Row("55", "RAS", "ACK", "RAS", TODAY, "Quel motif?"),
    Row("56", "annulé", "ACK", "AN", {}, "No 57 annulé", ONE_REPORT, Do.UNDO),
    Row("57", "AN 57", "ACK", "AN", {}, "No 57 annulé", ONE_REPORT, Do.UNDO),
    Row("58", "Q Peut-on donner un oeuf a 7 mois ?", "ACK", "Q", {}, "Question No 12", do=Do.INQUIRY),
    Row("59", "Q Quand arreter le sein ?", "ACK", "Q", {}, "Question No 12", do=Do.INQUIRY),
    Row("60", "Q", "ASK", "Q", {}, "Quelle est votre question?"),
    Row("60-digit", "Q3", "ASK", "Q", {}, "Quelle est votre question?"),
    Row("61", "2.", "ACK", "DIGIT", {}, "réponse 2", OPEN_QUIZ, Do.ANSWER),
    Row("61-rep", "Rep 2", "ACK", "DIGIT", {}, "réponse 2", OPEN_QUIZ, Do.ANSWER),
    Row("61-none-open", "2.", "INFO", "DIGIT"),
    Row("62", "23", "ASK", "NONE", {}, "Pas clair"),
    Row("62-O", "O", "ASK", "NONE", {}, "Pas clair"),
    Row("63", "Oui.", "ACK", "CR", {**TODAY, "theme": 12, "women": 95, "men": 40}, "No 57", play(MOUSSA, ["CR 12 95 40"])),
    Row("63-none-open", "Oui.", "INFO", "OUI"),
    Row("64", "NON", "INFO", "NON"),
    Row("65", "Arrêt", "INFO", "STOP", {}, "plus", do=Do.OPT_OUT),
    Row("65-svp", "stop svp", "INFO", "STOP", do=Do.OPT_OUT),
    Row("65-wish", "je veux arreter", "INFO", "STOP", do=Do.OPT_OUT),
    Row("66", "AIDE CR", "INFO", "AIDE", {}, "CR 12 18 7 9 1"),
    Row("67", "LANGUE 2", "ACK", "LANGUE", {}, "bambara", do=Do.LANGUAGE),
    Row("67-name", "langue bambara", "ACK", "LANGUE", {}, "bambara", do=Do.LANGUAGE),
    Row("68", "LANGUE", "INFO", "LANGUE", {}, "1 francais, 2 bambara"),
    Row("69", "Bonjour comment ca va", "INFO", "NONE", do=Do.INBOX),
    Row("70", "CR 12 18 7 9 1", "NONE", "NONE", {}, "", replace(MOUSSA, sender=Sender.MACHINE), Do.NOTHING),
    Row("71", "je veux arreter le sein", "ACK", "Q", {}, "Question", do=Do.INQUIRY),
    Row("72", "Arreter la bouillie", "ACK", "Q", {}, "Question", do=Do.INQUIRY),
    Row(
        "73",
        "CR D15/3 T12 F21 H4",
        "FIX",
        "CR",
        {**SUNDAY, "theme": 12, "women": 21, "men": 4},
        "femmes 21 (avant 18), hommes 4 (avant 7)",
        AFTER_37,
    ),
    Row("74", "1", "FIX", "CR", {**SUNDAY, "theme": 13, "women": 21, "men": 4}, "comprimés", AFTER_38, Do.STORE),
    Row("75", "2", "ACK", "CR", {**SUNDAY, "theme": 13, "women": 21, "men": 4}, "2e seance", AFTER_38, Do.STORE),
    cr("76", "CR 12+21 18 7 9 1", ROW_1, "repas en grossesse + sein 1re heure"),
    Row("77", "CR 14 18 7", "ASK", "CR", {**TODAY, **ROW_10, "theme": 14}, "13 comprimés, 12 repas? Voir carte"),
    cr("78", "CR 12 18 7 M6", {**ROW_10, "mothers": 6}, "6 mères"),
    Row("79", "CR T12 F18 H7 M20", "ASK", "CR", {**TODAY, **ROW_10, "mothers": 20}, "20 mères mais 18 femmes"),
    Row("80", "RAS 3", "ACK", "RAS", {**TODAY, "reason": 3}, "motif 3 noté"),
    Row("81", "EV 1 40 35 6", "ACK", "EV", {**TODAY, "women": 40, "men": 35}, "6 villages"),
    Row("82", "INS 70 12 34 56", "ACK", "INS", {"club": "1032"}, "attend bip ou OUI", do=Do.ANNOUNCE),
    Row("83", "OUI", "ACK", "OUI", {}, "active", INVITED, Do.YES),
    Row("84", "NF 70123456", "ACK", "NF", {"club": "1032"}, "superviseur", do=Do.HAND_OVER),
    Row("85", "VAL 57", "ACK", "VAL", {}, "No 57", DECIDING, Do.ACCEPT),
    Row("86", "REF 57", "ACK", "REF", {}, "prévenu", DECIDING, Do.CANCEL),
    Row("87", "PAUSE 1032 14", "ACK", "PAUSE", {"club": "1032"}, "1er avril", SUPERVISOR, Do.PAUSE),
    Row("88", "REPRISE 1032", "ACK", "REPRISE", {"club": "1032"}, "Reprise", SUPERVISOR, Do.RESUME),
    Row(
        "89",
        "VU 57 20 6",
        "ACK",
        "VU",
        {"women": 20, "men": 6},
        "20 femmes, 6 hommes",
        replace(SUPERVISOR, reports=(REPORT,)),
        Do.SPOT_CHECK,
    ),
    Row("90", "FIN", "INFO", "FIN", do=Do.END_SERIES),
    Row("91", "FIN 3", "ASK", "NONE", {}, "FINI 3?", do=Do.NOTHING),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"row-{row.number}") for row in ROWS])
def test_a_numbered_example_is_understood_as_the_field_guide_says(row: Row) -> None:
    verdict = judge(row.text, row.context)
    assert (verdict.outcome, verdict.kind) == (row.outcome, row.kind), verdict
    assert read(verdict) == row.values
    assert row.says in verdict.reply
    assert row.do in {None, verdict.effect.do}
    assert row.flag is None or row.flag in verdict.flags
    assert len(smsutil.split(verdict.reply).parts) <= 1
    assert not verdict.reply or smsutil.is_valid_gsm(verdict.reply)


def test_all_ninety_one_rows_are_here() -> None:
    assert {int(row.number.split("-")[0]) for row in ROWS} == set(range(1, 92))


def test_the_second_theme_of_row_76_is_kept() -> None:
    assert judge("CR 12+21 18 7 9 1", MOUSSA).values.themes == (12, 21)


def test_the_note_of_row_6_is_kept_as_written() -> None:
    assert judge("kr 12 , 18 ; 7 / 9 , 1 Merci Awa", MOUSSA).values.note == "Merci Awa"


def test_row_74_is_version_2_of_the_same_report_and_row_75_a_second_session() -> None:
    correction, second = judge("1", AFTER_38).effect, judge("2", AFTER_38).effect
    assert (correction.number, correction.version, correction.order) == (57, 2, 1)
    assert (second.number, second.version, second.order) == (58, 1, 2)
