"""The grammar's words as tables: a new spelling, label or language is a row here, never a rule elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from clubs.grammar.numberwords import phrases
from clubs.grammar.values import Kind


def _row(words: str) -> frozenset[str]:
    return frozenset(words.split())


SPELLINGS: dict[str, tuple[str, ...]] = {
    "theme": ("T", "THEME", "THEMES"),
    "women": ("F", "FEMME", "FEMMES"),
    "men": ("H", "HOMME", "HOMMES"),
    "youth": ("J", "JEUNE", "JEUNES"),
    "radio": ("R", "RADIO"),
    "mothers": ("M", "MERE", "MERES"),
    "before": ("AV", "AVANT"),
    "after": ("AP", "APRES"),
    "voters": ("N", "VOTANT", "VOTANTS"),
    "recipe": ("P", "PLAT", "RECETTE"),
    "children": ("E", "ENFANT", "ENFANTS"),
    "villages": ("V", "VILLAGE", "VILLAGES"),
    "due_days": ("E",),
    "club": ("C", "CLUB"),
    "date": ("D", "DATE"),
}
CONTEXT_FIELDS = ("club", "date")


@dataclass(frozen=True)
class Shape:
    """The fields of one report: `positions` in order, `extra` only by label, `required` before it is stored."""

    positions: tuple[str, ...]
    required: tuple[str, ...]
    extra: tuple[str, ...] = ()
    unlabelled: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field a label may name here."""
        return tuple(name for name in (*self.positions, *self.extra) if name not in self.unlabelled)


SHAPES: dict[Kind, Shape] = {
    Kind.CR: Shape(("theme", "women", "men", "youth", "radio"), ("theme", "women", "men"), ("mothers",)),
    Kind.QZ: Shape(("theme", "before", "after", "voters"), ("theme", "before", "after", "voters")),
    Kind.DC: Shape(("recipe", "women", "men", "children"), ("recipe", "women", "men")),
    Kind.EV: Shape(
        ("event_type", "women", "men", "villages"), ("event_type", "women", "men"), unlabelled=frozenset({"event_type"})
    ),
}

ALIASES: dict[str, Kind] = {
    **dict.fromkeys(("CR", "KR", "C R", "RAP", "RAPPORT", "SEANCE", "COMPTE RENDU"), Kind.CR),
    **dict.fromkeys(("QZ", "KZ", "QUIZ"), Kind.QZ),
    **dict.fromkeys(("AC", "ACTION"), Kind.AC),
    **dict.fromkeys(("FAIT", "FINI"), Kind.FAIT),
    **dict.fromkeys(("DC", "DEMO"), Kind.DC),
    "EV": Kind.EV,
    **dict.fromkeys(("RAS", "RIEN"), Kind.RAS),
    **dict.fromkeys(("AN", "ANNULER", "ANNULE"), Kind.AN),
    **dict.fromkeys(("Q", "QUESTION"), Kind.Q),
    **dict.fromkeys(("OUI", "OK"), Kind.OUI),
    "NON": Kind.NON,
    **dict.fromkeys(("AIDE", "HELP"), Kind.AIDE),
    **dict.fromkeys(("LANGUE", "LANG"), Kind.LANGUE),
    **{kind.value: kind for kind in (Kind.FIN, Kind.INS, Kind.NF, Kind.VAL, Kind.REF, Kind.VU, Kind.PAUSE, Kind.REPRISE)},
}
WEAK_YES = frozenset({"OK"})
"""Answers a held report, never a consent."""

SKIPPED = _row("ET DE DES DU LE LA LES AVEC DONT")
SKIPPED_BEFORE_NUMBER = SKIPPED | {"NO", "N", "NUMERO", "MOTIF", "RAPPORT", "ACTION"}
POLITE = _row("SVP STP MERCI PARDON LE LA MON DERNIER DERNIERE RAPPORT DESOLE")
NAMES_A_FIGURE = _row(
    "FCFA CFA FRANC FRANCS KG KILO KILOS LITRE LITRES CM METRE METRES PIED PIEDS SAC SACS POURCENT "
    "ANS MOIS SEMAINE SEMAINES JOUR JOURS HEURE HEURES MIN MINUTE MINUTES FOIS "
    "JANVIER FEVRIER MARS AVRIL MAI JUIN JUILLET AOUT SEPTEMBRE OCTOBRE NOVEMBRE DECEMBRE "
    "PERSONNE PERSONNES PARTICIPANT PARTICIPANTS PARTICIPANTE PARTICIPANTES MEMBRE MEMBRES GENS BEBE BEBES "
    "ADULTE ADULTES VIEUX VIEILLES FILLE FILLES GARCON GARCONS MAMAN MAMANS PAPA PAPAS FAMILLE FAMILLES"
) | frozenset(word for phrase in phrases() for word in phrase.split() if word not in {"UN", "UNE", "ET"})
"""Written just after the last figure they say what it counts, and that is none of our fields: not a note, but asked back."""
NOT_SKIPPED_BEFORE_FIGURE = _row("DU")
"""`du 12` is nearly always a day, which only D may say."""
COMMON = _row(
    "ON UN UNE LE LA LES EN AU AUX ET TU IL ELLE DE DU DES ME SA MA CE CA NE SE JE SI OU VA MES SES "
    "TES NOUS VOUS QUE QUI PAS MAIS CAR BON BIEN DIT FAUT FILS SAIT LAIT FOIS AIDES VIENT DANS SANS "
    "VOIR"
)
"""Everyday words one letter off a keyword: never worth proposing it."""

THEMES: dict[int, tuple[str, str]] = {
    11: ("visite CPN", "CPN"),
    12: ("repas en grossesse", "repas"),
    13: ("comprimés", "comprimés"),
    21: ("sein 1re heure", "1re heure"),
    22: ("lait maternel seul", "lait seul"),
    23: ("mère allaitante", "allaitante"),
    31: ("début à six mois", "six mois"),
    32: ("bouillie épaisse", "bouillie"),
    33: ("repas variés", "variété"),
    34: ("repas et patience", "patience"),
    41: ("enfant malade", "malade"),
    42: ("diarrhée", "diarrhée"),
    43: ("ruban du bras", "ruban"),
    51: ("vitamine A", "vitamine A"),
    52: ("anémie", "anémie"),
    53: ("sel iodé", "sel"),
    61: ("moringa et baobab", "moringa"),
    62: ("patate orange", "patate"),
    63: ("oeufs", "oeufs"),
    64: ("jardin", "jardin"),
    65: ("banque de vivres", "vivres"),
    66: ("démonstration", "démo"),
    71: ("mains propres", "mains"),
    72: ("eau propre", "eau"),
    73: ("aliments propres", "aliments"),
    81: ("pères", "pères"),
    82: ("grands-mères", "grands-mères"),
    83: ("chefs", "chefs"),
    84: ("travail des femmes", "travail"),
    91: ("autre thème", "autre"),
}
"""Code: name in an echo, shorter name in a list. GSM-7 letters only. An installation reads its own rows instead."""
REASONS = frozenset({1, 2, 3, 4, 5, 6, 9})
INSECURITY = 3
"""Told to the supervisor, and only ever written as a number."""
ACTIONS: dict[int, str] = {
    1: "jardin",
    2: "plants de feuilles",
    3: "démonstration",
    4: "bouillie",
    5: "orientation",
    6: "hygiène",
    7: "volaille",
    8: "hommes et chefs",
    9: "autre",
}
OTHER_ACTION = 9
EVENTS: dict[int, str] = {
    1: "rencontre inter-villages",
    2: "plateforme",
    3: "formation",
    4: "visites à domicile",
    5: "cartes distribuées",
}
RECIPES = frozenset(range(1, 10))


@dataclass(frozen=True)
class Language:
    """A choice of the LANGUE list: `names` are cleaned spellings, the tag among them."""

    number: int
    tag: str
    label: str
    names: frozenset[str]


def _language(number: int, tag: str, label: str, names: str) -> Language:
    return Language(number, tag, label, frozenset({tag.upper(), label.upper(), *names.split("/")}))


LANGUAGES: tuple[Language, ...] = (
    _language(1, "fr", "francais", "FRANCAIS"),
    _language(2, "bm", "bambara", "BAMANANKAN/BAMANAN"),
    _language(3, "ffm", "peul", "FULFULDE/PEULH/FULANI"),
    _language(4, "dts", "toro so", "TOROSO/TORO"),
    _language(5, "dds", "donno so", "DONNOSO/DONNO"),
    _language(6, "dto", "tommo so", "TOMMOSO/TOMMO"),
    _language(7, "djm", "jamsay", "DJAMSAY"),
    _language(8, "ses", "songhay", "SONGHAI/SONRAI"),
)


@dataclass(frozen=True)
class Vocabulary:
    """All words the parser knows. Other languages add rows to `spellings` and `aliases`; field names stay."""

    aliases: Mapping[str, Kind] = field(default_factory=lambda: ALIASES)
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SPELLINGS)
    shapes: Mapping[Kind, Shape] = field(default_factory=lambda: SHAPES)
    skipped: frozenset[str] = SKIPPED
    number_words: bool = False
    names_a_figure: frozenset[str] = NAMES_A_FIGURE

    def labels(self, names: tuple[str, ...]) -> dict[str, str]:
        """Spelling -> field name, for these fields."""
        return {spelling: name for name in names for spelling in self.spellings[name]}

    @cached_property
    def labels_of(self) -> dict[Kind, dict[str, str]]:
        """For each kind, what its text may contain as a label; kinds without labels are absent."""
        counted = {kind: self.labels((*shape.fields, *CONTEXT_FIELDS)) for kind, shape in self.shapes.items()}
        context = self.labels(CONTEXT_FIELDS)
        return {
            **counted,
            Kind.AC: self.labels(("due_days", *CONTEXT_FIELDS)),
            **dict.fromkeys((Kind.RAS, Kind.FAIT, Kind.PAUSE, Kind.REPRISE), context),
        }

    def counts_something_else(self, word: str, kind: Kind) -> bool:
        """Whether this word, just after a figure, says that the figure is none of this report's."""
        elsewhere = any(word in row for row in self.spellings.values() if len(word) > 1)
        return word in self.names_a_figure or (elsewhere and word not in self.labels_of.get(kind, {}))

    @cached_property
    def heads(self) -> tuple[tuple[tuple[str, ...], Kind], ...]:
        """Keywords as words, longest first, so that RAPPORT is not read as RAP."""
        rows = [(tuple(alias.split()), kind) for alias, kind in self.aliases.items()]
        return tuple(sorted(rows, key=lambda row: -len("".join(row[0]))))


FRENCH = Vocabulary()
