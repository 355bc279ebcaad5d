"""Messages as tired thumbs write them. Asking back is allowed; a wrong figure is not.

`ASK` expects no stored report at all; a tuple of figures expects exactly these and no other.
"""

import pytest

from clubs.grammar.judge import judge
from clubs.grammar.verdict import Do
from tests.clubs.grammar.world import MOUSSA, read

STORES = {Do.STORE, Do.HOLD, Do.ACTION, Do.DONE, Do.UNDO, Do.CONFIRM}

READ = {
    "CR 12 18 7 9 1!": "theme=12 women=18 men=7 youth=9 radio=1",
    "CR (12) 18 7": "theme=12 women=18 men=7",
    "CR T=12 F=18 H=7": "theme=12 women=18 men=7",
    "CR T:12, F:18, H:7, J:9": "theme=12 women=18 men=7 youth=9",
    "cr  12\n18\n7\n9\n1": "theme=12 women=18 men=7 youth=9 radio=1",
    "CR\u00a012\u202f18\u20097": "theme=12 women=18 men=7",
    "C R 12 18 7": "theme=12 women=18 men=7",
    "COMPTE RENDU 12 18 7": "theme=12 women=18 men=7",
    "compte-rendu 12 18 7": "theme=12 women=18 men=7",
    "Rapport: 12/18/7": "theme=12 women=18 men=7",
    "rap12 18 7": "theme=12 women=18 men=7",
    "ＣＲ １２ １８ ７": "theme=12 women=18 men=7",
    "C\u200bR 12 1\u200d8 7": "theme=12 women=18 men=7",
    "CR 12 18 7 O": "theme=12 women=18 men=7 youth=0",
    "CR I2 I8 7": "theme=12 women=18 men=7",
    "CR 12 2O 1O": "theme=12 women=20 men=10",
    "CRl2 l8 7": "theme=12 women=18 men=7",
    "CR 12 18 7 X X": "theme=12 women=18 men=7",
    "CR 12 18 7 x oui": "theme=12 women=18 men=7 radio=1",
    "CR 12 18 7 9 non": "theme=12 women=18 men=7 youth=9 radio=0",
    "CR 12 18 7 9 0": "theme=12 women=18 men=7 youth=9 radio=0",
    "CR T12 F18 H7 R non": "theme=12 women=18 men=7 radio=0",
    "CR T12F18H10J9": "theme=12 women=18 men=10 youth=9",
    "CR12F18H7": "theme=12 women=18 men=7",
    "CR 12F 18H 7J": None,
    "CR 12 18F7H9J": "theme=12 women=18 men=7 youth=9",
    "CR 18 femmes 7 hommes thème 12": None,
    "CR 18 femmes 7 hommes 12 theme": "theme=12 women=18 men=7",
    "CR femmes 18 hommes 7 theme 12": "theme=12 women=18 men=7",
    "CR thème 12 avec 18 femmes et 7 hommes": None,
    "CR T12 avec 18 femmes et 7 hommes": "theme=12 women=18 men=7",
    "CR 12, 18 femmes dont 9 jeunes et 7 hommes": "theme=12 women=18 men=7 youth=9",
    "CR 12 18 7 M 6": "theme=12 women=18 men=7 mothers=6",
    "CR 12 18 6M 7": "theme=12 women=18 men=7 mothers=6",
    "CR M6 12 18 7": "theme=12 women=18 men=7 mothers=6",
    "CR 12 18 7 merci aux femmes": "theme=12 women=18 men=7",
    "CR 12 18 7 bonne ambiance, merci": "theme=12 women=18 men=7",
    "CR T12 F18 H7 merci aux femmes": "theme=12 women=18 men=7",
    "CR 12 18 7 9 1 fin à 16h00": "theme=12 women=18 men=7 youth=9 radio=1",
    "CR 12 18 7 C1032": "theme=12 women=18 men=7",
    "CR 12 18 7 club 1032 date 15": "theme=12 women=18 men=7 date=2026-03-15",
    "CR D 15/3/2026 12 18 7": "theme=12 women=18 men=7 date=2026-03-15",
    "CR D15 / 3 12 18 7": "theme=12 women=18 men=7 date=2026-03-15",
    "CR.D15.12.18.7": "theme=12 women=18 men=7 date=2026-03-15",
    "CR-D15-12-18-7": "theme=12 women=18 men=7 date=2026-03-15",
    "CR D lundi 12 18 7": "theme=12 women=18 men=7 date=2026-03-16",
    "CR D mercredi 12 18 7": "theme=12 women=18 men=7 date=2026-03-18",
    "CR D jeudi 12 18 7": "theme=12 women=18 men=7 date=2026-03-12",
    "CR D aujourd'hui 12 18 7": "theme=12 women=18 men=7",
    "CR Dhier 12 18 7": "theme=12 women=18 men=7 date=2026-03-17",
    "CR D18 12 18 7": "theme=12 women=18 men=7",
    "CR D1O 12 18 7": "theme=12 women=18 men=7 date=2026-03-10",
    "CR 12 + 21 18 7": "theme=12 women=18 men=7",
    "CR T12+21 F18 H7": "theme=12 women=18 men=7",
    "CR 12 80 0": "theme=12 women=80 men=0",
    "CR 12 012 07": "theme=12 women=12 men=7",
    "T12 F18 H7": "theme=12 women=18 men=7",
    "CR 12 18 7 et 3": "theme=12 women=18 men=7 youth=3",
    "CR le 12 avec 18 et 7": "theme=12 women=18 men=7",
    "12, 18, 7": "theme=12 women=18 men=7",
    "12 18 femmes 7 hommes": "theme=12 women=18 men=7",
    "QZ T12 N24 AV6 AP15": "theme=12 before=6 after=15 voters=24",
    "QZT12AV6AP15N24": "theme=12 before=6 after=15 voters=24",
    "KZ 12 6 15 24": "theme=12 before=6 after=15 voters=24",
    "QZ 12 6 avant 15 après 24 votants": "theme=12 before=6 after=15 voters=24",
    "QZ 12 O O 24": "theme=12 before=0 after=0 voters=24",
    "démo 4 22 6": "recipe=4 women=22 men=6",
    "DC P4 F22 H6 E11": "recipe=4 women=22 men=6 children=11",
    "DC 4 22 femmes 6 hommes 11 enfants": "recipe=4 women=22 men=6 children=11",
    "EV 1 F40 H35 V6": "women=40 men=35",
    "EV 4 12 3": "women=12 men=3",
    "RAS3": "reason=3",
    "R.A.S 1": None,
    "ras motif 2": "reason=2",
    "RAS 1 D hier": "reason=1 date=2026-03-17",
    "rien": "",
    "RAS fête au village": "",
    "AC2 40 pieds": "action_type=2 due_days=30",
    "AC E15 2 40 pieds": "action_type=2 due_days=15",
    "AC 40 pieds de moringa": "action_type=9 due_days=30",
    "AC C1032 1 jardin de 20 m": "action_type=1 due_days=30",
}
ASK = [
    *("CR 12 18", "CR 12", "CR T12 F18", "CR 18 femmes", "CR 12 -", "CR douze femmes", "CR 1218 7", "CR 12 1870"),
    *("CR 12 18½ 7", "CR 12 18² 7", "CR 12 18+7 3", "CR 12+21+31 18 7", "CR 12 18 7 50%", "CR 12 ~18 7", "CR 12 18 ? 7"),
    *("CR 12 18 7 9 5", "CR 12 18 7 30", "CR 12 18 7 9 1 15:30", "CR 12 18 7 oui", "CR oui 18 7"),
    *("CR 12 18 femmes 7", "CR femmes 18 7 hommes", "CR 12 femmes 18 7 hommes", "CR F18 12 H7", "CR 12 18 F7 H"),
    *(
        "CR T12 F18 H7 F19",
        "CR T12 F18 H7 9",
        "CR 12 18 7 M",
        "CR 12 18 7 L 1",
        "CR l 18 7",
        "CR OUI l",
        "CR 12345 18 7 9 5",
        "0C#OUI#L",
        "CR 12 I 7",
        "CR HO T12 F18",
    ),
    *("CR D32 12 18 7", "CR D0 12 18 7", "CR D31 12 18 7", "CR D15/13 12 18 7", "CR D30/2 12 18 7", "CR D1/1 12 18 7"),
    *("CR D15/3/12/18/7", "CR D 15 mars 12 18 7", "CR D15 D16 12 18 7", "CR C1032 C2043 12 18 7", "CR C103 12 18 7"),
    *("CR C1014 12 18 7", "CR 1032 12 18 7", "CR 12 9999999999999999999 7", "CR 99 18 7", "CR 12 O O"),
    *("CR 12 18 jolies femmes 7 hommes", "CR T12 7 hommes 18 jolies femmes", "bonjour 12 18 7", "CR\u0000 12 dix 7"),
    *("CF 12 18 7", "CRR 12 18 7", "RSA 3", "QR 12 6 15 24", "SEANSE 12 18 7", "23", "12 18", "l", "O", "2 3", "FIN 3"),
    *("QZ 12 25 15 24", "QZ 12 6 15 0", "QZ 12+21 6 15 24", "QZ 12 6 15 24 3", "QZ 99 6 15 24", "DC 0 22 6", "DC 22 6"),
    *(
        "EV 9 40 35",
        "EV F40 H35",
        "EV 1 0 0",
        "RAS 8",
        "RAS 3 5",
        "RAS l",
        "AC",
        "AC 0 jardin",
        "AC 2 E0 jardin",
        "AC 2 E" + "9" * 1500,
    ),
    *("AN 57 58", "AN le nouveau président", "AN non pas 57", "FAIT 3 40 5", "FAIT le no 3", "INS 7012345", "INS 00000001"),
    *("CR T12 F18 H7 AV3", "QZ 12 6 15 24 F18", "CR 12 18 7 enfants 5", "12 18 7 9 1 4", "T12 T13 F18 H7"),
]


@pytest.mark.parametrize(("text", "figures"), READ.items(), ids=[repr(text) for text in READ])
def test_a_messy_report_is_read_right_or_asked_back(text: str, figures: str | None) -> None:
    verdict = judge(text, MOUSSA)
    if figures is None:
        assert verdict.effect.do not in STORES
        return
    expected = {"club": "1032", "date": "2026-03-18"} | dict(part.split("=") for part in figures.split())
    found = {name: str(int(value) if isinstance(value, bool) else value) for name, value in read(verdict).items()}
    assert found == expected, verdict
    assert verdict.outcome in {"ACK", "HOLD"}


@pytest.mark.parametrize("text", ASK, ids=repr)
def test_what_is_not_certain_is_asked_back_and_stored_nowhere(text: str) -> None:
    verdict = judge(text, MOUSSA)
    assert verdict.outcome == "ASK", verdict
    assert verdict.effect.do not in STORES
