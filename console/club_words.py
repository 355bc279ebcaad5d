"""What clubs and their reports are called on pages: kinds, states, reasons, and a report's figures in a line."""

from collections.abc import Callable, Mapping
from typing import Any

from clubs.doubts import Doubt
from clubs.grammar.local import Why
from clubs.grammar.values import Kind, Problem, ProblemId
from clubs.models import AgeBand, ClubKind, LifeStage, MarketRule, Role, Sex
from clubs.records import ExpectedState, InquiryKind, InquiryState, Report, ReportState
from clubs.small import small
from console.access import SEES_PEOPLE, R, who
from console.words import _, lazy, ngettext
from messaging.numbers import mask

CLUB_KINDS = {
    ClubKind.CLUB: lazy("Club d'écoute"),
    ClubKind.CEAPV: lazy("CEAPV"),
    ClubKind.ANJE: lazy("Groupe ANJE"),
    ClubKind.PLATFORM: lazy("Plateforme"),
}
ROLES = {
    Role.MEMBER: lazy("membre"),
    Role.FACILITATOR: lazy("animation"),
    Role.SUPERVISOR: lazy("supervision"),
    Role.RELAY: lazy("relais"),
}
SEXES = {Sex.WOMAN: lazy("femme"), Sex.MAN: lazy("homme"), None: lazy("sexe non dit")}
AGES = {AgeBand.YOUTH: lazy("15 à 24 ans"), AgeBand.ADULT: lazy("25 à 49 ans"), AgeBand.ELDER: lazy("50 ans et plus")}
LIFE_STAGES = {
    LifeStage.PREGNANT: lazy("attend un enfant"),
    LifeStage.BABY: lazy("enfant de 0 à 5 mois"),
    LifeStage.INFANT: lazy("enfant de 6 à 23 mois"),
    LifeStage.CHILD: lazy("enfant de 24 à 59 mois"),
}
REPORT_KINDS = {
    Kind.CR: lazy("Séance"),
    Kind.QZ: lazy("Quiz à main levée"),
    Kind.DC: lazy("Démonstration culinaire"),
    Kind.EV: lazy("Événement"),
    Kind.RAS: lazy("Pas de séance"),
}
KIND_NAMES = {**REPORT_KINDS, Kind.NF: lazy("Relais")}
"""What is called what in a list; only the kinds of reports can be typed by hand."""
# State, words, and the colour that repeats them.
REPORT_STATES = {
    ReportState.DRAFT: (lazy("à compléter"), "warn"),
    ReportState.HELD: (lazy("à confirmer"), "warn"),
    ReportState.VALID: (lazy("compté"), "good"),
    ReportState.UNVERIFIED: (lazy("à vérifier"), "warn"),
    ReportState.CANCELLED: (lazy("annulé"), "bad"),
    ReportState.REPLACED: (lazy("remplacé"), ""),
}
DOUBTS = {
    Doubt.NO_SESSION: lazy("pas de séance ce jour-là"),
    Doubt.VOTERS: lazy("plus de votants que de personnes"),
    Doubt.UNUSUAL: lazy("loin de l'habitude du club"),
}
EXPECTED_STATES = {
    ExpectedState.WAITING: (lazy("attendu"), ""),
    ExpectedState.ON_TIME: (lazy("à temps"), "good"),
    ExpectedState.LATE: (lazy("en retard"), "warn"),
    ExpectedState.MISSING: (lazy("manquant"), "bad"),
    ExpectedState.EXCUSED: (lazy("en pause"), ""),
}
MARKET_RULES = {
    MarketRule.ON: lazy("le jour du marché"),
    MarketRule.EVE: lazy("la veille du marché"),
    MarketRule.NEVER: lazy("jamais un jour de marché"),
}
INQUIRY_KINDS = {
    InquiryKind.UNSORTED: lazy("à trier"),
    InquiryKind.NUTRITION: lazy("nutrition"),
    InquiryKind.COMPLAINT: lazy("plainte"),
    InquiryKind.TESTIMONY: lazy("témoignage"),
    InquiryKind.PROTECTION: lazy("signalement"),
}
ANSWERING = {
    "communication": lazy("Répond : la communication."),
    "validation": lazy("Relit : la Validation."),
    "protection": lazy("Répond : la Protection."),
}
INQUIRY_STATES = {
    InquiryState.OPEN: lazy("en attente"),
    InquiryState.ANSWERED: lazy("répondu"),
    InquiryState.PASSED_ON: lazy("transmis"),
    InquiryState.CLOSED: lazy("classé"),
}
REASONS = {
    1: lazy("champs"),
    2: lazy("cérémonie"),
    3: lazy("insécurité"),
    4: lazy("animation absente"),
    5: lazy("matériel"),
    6: lazy("marché"),
    9: lazy("autre"),
}
ACTIONS = {
    1: lazy("jardin"),
    2: lazy("plants de feuilles"),
    3: lazy("démonstration"),
    4: lazy("bouillie"),
    5: lazy("orientation"),
    6: lazy("hygiène"),
    7: lazy("volaille"),
    8: lazy("hommes et chefs"),
    9: lazy("autre"),
}
EVENTS = {
    1: lazy("rencontre inter-villages"),
    2: lazy("plateforme"),
    3: lazy("formation"),
    4: lazy("visites à domicile"),
    5: lazy("cartes distribuées"),
}
WEEKDAYS = (
    lazy("lundi"),
    lazy("mardi"),
    lazy("mercredi"),
    lazy("jeudi"),
    lazy("vendredi"),
    lazy("samedi"),
    lazy("dimanche"),
)


def sees_small() -> bool:
    """Whether this person may see counts of fewer than five people."""
    return bool(who().roles & (SEES_PEOPLE | {R.SUIVI}))


def few(value: int | None) -> str:
    """A count of people, "" when unknown; partners read « moins de 5 » instead of a small one."""
    if value is None:
        return ""
    return _("moins de 5") if small(value) and not sees_small() else str(value)


def told(report: Report, themes: Mapping[int, str]) -> str:
    """A report's figures in a line: « 12 repas en grossesse, 18 femmes, 7 hommes »."""
    if report.kind == Kind.NF:
        number = mask(report.note) if report.note and who().roles & SEES_PEOPLE else ""
        return " ".join([_("Une autre personne animerait ce club."), number]).strip()
    values = report.values
    codes = [values.get("theme"), *(values.get("more_themes") or ())]
    parts = [f"{code} {themes.get(code, '')}".strip() for code in codes if code is not None]
    if (recipe := values.get("recipe")) is not None:
        parts.append(_("recette %(n)s", n=recipe))
    if (event := values.get("event_type")) is not None:
        parts.append(str(EVENTS.get(event, event)))
    if (reason := values.get("reason")) is not None and who().roles - {R.LECTURE, R.LANGUE}:
        parts.append(_("motif : %(reason)s", reason=REASONS.get(reason, reason)))
    return ", ".join([*parts, *_counts(values), *_quiz(values)])


def _counts(values: Mapping[str, Any]) -> list[str]:
    words: dict[str, Callable[[int], str]] = {
        "women": lambda n: ngettext("%(num)s femme", "%(num)s femmes", n),
        "men": lambda n: ngettext("%(num)s homme", "%(num)s hommes", n),
        "youth": lambda n: ngettext("dont %(num)s jeune", "dont %(num)s jeunes", n),
        "mothers": lambda n: ngettext("%(num)s mère", "%(num)s mères", n),
        "children": lambda n: ngettext("%(num)s enfant", "%(num)s enfants", n),
        "villages": lambda n: ngettext("%(num)s village", "%(num)s villages", n),
    }
    said = [say(values[name]) for name, say in words.items() if values.get(name) is not None]
    if values.get("radio") is not None:
        said.append(_("radio : oui") if values["radio"] else _("radio : non"))
    return said


def _quiz(values: Mapping[str, Any]) -> list[str]:
    if values.get("voters") is None:
        return []
    figures = {name: values.get(name) for name in ("before", "after", "voters")}
    return [_("%(before)s puis %(after)s bonnes réponses sur %(voters)s", **figures)]


def problem_words(problem: Problem | ProblemId | None) -> tuple[str, str]:
    """The field of the form a problem belongs to ("" for the whole) and what to do about it."""
    id_ = problem.id if isinstance(problem, Problem) else problem
    word = problem.word if isinstance(problem, Problem) else ""
    if id_ is ProblemId.MISSING:
        return word, _("Il manque un chiffre. Remplissez ce champ.")
    words = {
        ProblemId.THEME: ("theme", _("Ce thème n'existe pas. Choisissez dans la liste.")),
        ProblemId.PLUS: ("second_theme", _("Un quiz porte sur un seul thème. Retirez le second.")),
        ProblemId.RECIPE: ("recipe", _("Cette recette n'existe pas. Écrivez un numéro de 1 à 9.")),
        ProblemId.NOBODY: ("women", _("Personne n'est venu. Choisissez plutôt « Pas de séance ».")),
        ProblemId.YOUTH: ("youth", _("Il y a plus de jeunes que de personnes. Les jeunes sont compris dans le total.")),
        ProblemId.MOTHERS: ("mothers", _("Il y a plus de mères que de femmes. Les mères sont comprises dans les femmes.")),
        ProblemId.QUIZ: ("voters", _("Il y a plus de bonnes réponses que de votants. Vérifiez les trois chiffres.")),
        ProblemId.DATE_FUTURE: ("day", _("Ce jour n'est pas encore passé. Choisissez le jour de la séance.")),
        ProblemId.DATE_OLD: ("day", _("Ce jour a plus de 45 jours. Il est trop tard pour ce rapport.")),
        ProblemId.DATE_BAD: ("day", _("Cette date n'existe pas. Écrivez par exemple 21/11/2026.")),
        ProblemId.RAS_AFTER_CR: ("day", _("Une séance est déjà notée ces jours-là. Annulez-la, ou changez le jour.")),
        ProblemId.OTHER_THEME: ("which", _("Une autre séance est déjà notée ce jour-là. Dites s'il s'agit de la même.")),
    }
    otherwise = ("", _("Ce rapport n'est pas clair. Vérifiez chaque champ."))
    return words.get(id_, otherwise) if id_ is not None else otherwise


MEANING_WORDS = {
    "theme": lazy("thème"),
    "women": lazy("femmes"),
    "men": lazy("hommes"),
    "youth": lazy("jeunes"),
    "mothers": lazy("mères"),
    "radio": lazy("radio"),
    "before": lazy("justes avant"),
    "after": lazy("justes après"),
    "voters": lazy("votants"),
    "recipe": lazy("recette"),
    "children": lazy("enfants"),
    "villages": lazy("villages"),
    "due_days": lazy("délai en jours"),
    "club": lazy("code du club"),
    "date": lazy("jour de la séance"),
    "CR": lazy("rapport de séance"),
    "QZ": lazy("quiz à main levée"),
    "AC": lazy("action décidée"),
    "FAIT": lazy("action faite"),
    "DC": lazy("démonstration"),
    "EV": lazy("événement"),
    "RAS": lazy("pas de séance"),
    "AN": lazy("annuler"),
    "Q": lazy("question"),
    "AIDE": lazy("aide"),
    "LANGUE": lazy("langue"),
    "STOP": lazy("arrêt des messages"),
    "NONE": lazy("aucun mot-clé"),
    "DIGIT": lazy("réponse d'un chiffre"),
    "skip": lazy("mot de liaison, à passer"),
}
"""What a word of the reports means; the first ones are the fields, then the keywords."""
WORD_REFUSALS = {
    Why.MEANING: lazy("Ce sens n'est pas possible. Choisissez-en un dans la liste."),
    Why.LETTERS: lazy("Écrivez un seul mot, fait de lettres. Un mot-clé peut en avoir deux."),
    Why.SHORT: lazy("Ce mot est trop court. Il faut deux lettres au moins."),
    Why.LONG: lazy("Ce mot est trop long. Il faut 32 lettres au plus."),
    Why.DIGITS: lazy("Ce mot peut se lire comme un chiffre : O, I et L valent 0 et 1. Prenez une autre écriture."),
    Why.TAKEN: lazy("Ce mot veut déjà dire : %(other)s. Prenez une autre écriture."),
    Why.STOP: lazy("Ce mot ressemble à STOP, qui arrête les messages. Prenez une autre écriture."),
    Why.NUMBER: lazy("Ce mot est un nombre ou un jour. Prenez une autre écriture."),
    Why.EVERYDAY: lazy("Ce mot français revient dans beaucoup de messages. Prenez une autre écriture."),
    Why.CHANGES: lazy("Avec ce mot, « %(other)s » se lirait autrement. Prenez une autre écriture."),
}
OUTCOME_WORDS = {
    "ACK": lazy("Il serait compris et enregistré"),
    "FIX": lazy("Il serait compris comme une correction"),
    "HOLD": lazy("Il serait compris, et attendrait un OUI"),
    "ASK": lazy("Il ne serait pas certain : on redemanderait"),
    "INFO": lazy("Il recevrait une explication, rien ne serait enregistré"),
    "NONE": lazy("Il resterait sans réponse"),
}
