"""What the library's states, kinds and refusals are called on pages."""

from collections.abc import Mapping
from typing import Any

from campaigns.quiz_results import By
from campaigns.quizzes import Phase
from console.words import _, lazy, ngettext
from messaging.models import Listener
from translations.content_entries import Mark
from translations.models import ContentKind, VariantState
from translations.overview import InForce, Task
from translations.returned import Refusal, Remark
from translations.review import Fault
from translations.spellings import SpellingError, SpellingFault
from translations.taken_in import Fate

MISSING = "missing"
# State (None where nothing is written), words, and the colour that repeats them.
STATES: Mapping[VariantState | None, tuple[Any, str]] = {
    None: (lazy("manquant"), ""),
    VariantState.DRAFT: (lazy("brouillon"), ""),
    VariantState.TO_HEAR: (lazy("à écouter"), "warn"),
    VariantState.TO_REVIEW: (lazy("à relire"), "warn"),
    VariantState.APPROVED: (lazy("approuvé"), "good"),
    VariantState.OUTDATED: (lazy("périmé"), "bad"),
}
KINDS = {
    ContentKind.MESSAGE: lazy("Message"),
    ContentKind.QUESTION: lazy("Question de quiz"),
    ContentKind.EXPLANATION: lazy("Explication de quiz"),
    ContentKind.REPLY: lazy("Réponse automatique"),
    ContentKind.PROMPT: lazy("Annonce vocale"),
    ContentKind.ANSWER: lazy("Réponse à une question"),
}
TASKS = {
    Task.HEAR: lazy("à écouter par une deuxième personne"),
    Task.APPROVE: lazy("à approuver par la Validation"),
}
MARKS = {
    Mark.READ: lazy("R : lu dans la source"),
    Mark.SECOND_HAND: lazy("S : de seconde main"),
    Mark.TO_CONFIRM: lazy("C : à confirmer"),
}
GROUPS = {By.ALL: lazy("Toutes"), By.CLUB: lazy("Club"), By.LANGUAGE: lazy("Langue"), By.LISTENER: lazy("Personne qui écoute")}
PHASES = {Phase.BEFORE: lazy("avant"), Phase.AFTER: lazy("après")}
LISTENERS = {Listener.WOMAN: lazy("femme"), Listener.MAN: lazy("homme"), Listener.GROUP: lazy("groupe")}
FAULTS = {
    Fault.CHANGED: lazy("Ce texte a changé depuis que vous l'avez ouvert. Relisez la nouvelle version."),
    Fault.OWN_WORK: lazy("Vous avez écrit ce texte. Une autre personne doit le relire."),
    Fault.OWN_SOUND: lazy("Vous avez envoyé ce son. Une autre personne doit l'écouter."),
    Fault.EMPTY: lazy("Il n'y a ni texte ni son. Écrivez ou enregistrez d'abord."),
    Fault.OPTIONS: lazy("Une question a deux ou trois réponses, autant qu'en français. Complétez-les."),
    Fault.SLOTS: lazy("Les mots entre accolades ne sont pas ceux du français. Recopiez-les sans les changer."),
    Fault.UNKNOWN_SLOT: lazy("Un mot entre accolades n'existe pas ici. Prenez {prenom}, {village}, {club} ou {date}."),
    Fault.SPOKEN_SLOT: lazy("Un son dit la même chose à tous. Retirez les mots entre accolades du texte lu."),
    Fault.MACHINE: lazy("Ce texte a été écrit par une machine. Une personne qui parle la langue doit l'écrire."),
    Fault.SYNTHETIC: lazy("Une voix de synthèse reste un brouillon. Enregistrez une personne."),
    Fault.NOT_DRAFT: lazy("Ce texte n'est plus un brouillon. Modifiez-le pour le proposer de nouveau."),
    Fault.NOT_PROPOSED: lazy("Ce texte n'attend pas de relecture."),
    Fault.NOT_CHECKED: lazy("Une deuxième personne qui parle la langue doit d'abord écouter ou relire ce texte."),
    Fault.NOT_HEARD: lazy("Écoutez le son jusqu'à la fin, puis cochez."),
    Fault.NO_BACK_TRANSLATION: lazy("Écrivez en français ce que vous avez entendu."),
    Fault.NO_REASON: lazy("Écrivez pourquoi vous renvoyez ce texte."),
}


def refusal(one: Remark) -> str:
    """Why a line of a translator's sheet stays out, and what to do."""
    match one.why:
        case Refusal.UNKNOWN:
            return _("Ce texte n'existe pas ici. Prenez une nouvelle feuille.")
        case Refusal.TWICE:
            return _("Ce texte est %(n)s fois dans la feuille. Gardez une seule ligne.", n=one.said)
        case Refusal.LANGUAGE:
            return _(
                "Cette ligne est d'une autre langue (%(code)s). Apportez la feuille de la langue choisie.", code=one.said or "?"
            )
        case Refusal.SOURCE_CHANGED:
            return _("Le français a changé depuis l'export. Prenez une nouvelle feuille et relisez cette ligne.")
        case Refusal.CHANGED_HERE:
            return _("Une personne a changé cette traduction depuis l'export. Comparez dans l'éditeur.")
        case Refusal.SLOTS:
            return _("Gardez les mots entre accolades comme en français : %(words)s.", words=one.said or _("aucun"))
        case Refusal.OPTIONS:
            return _("Il y a %(n)s réponses. Il en faut %(most)s, comme en français.", n=one.said, most=one.most)
        case Refusal.SAME_AS_FRENCH:
            return _("Ce texte est le français recopié. Traduisez-le ou laissez la case vide.")
        case Refusal.TOO_LONG:
            return _("Ce texte prend %(n)s SMS. Il en faut %(most)s au plus : raccourcissez.", n=one.said, most=one.most)


def counted(state: VariantState | None, n: int) -> str:
    """« 2 approuvés »: so many contents in a state."""
    match state:
        case VariantState.DRAFT:
            return ngettext("%(num)s brouillon", "%(num)s brouillons", n)
        case VariantState.TO_HEAR:
            return _("%(n)s à écouter", n=n)
        case VariantState.TO_REVIEW:
            return _("%(n)s à relire", n=n)
        case VariantState.APPROVED:
            return ngettext("%(num)s approuvé", "%(num)s approuvés", n)
        case VariantState.OUTDATED:
            return ngettext("%(num)s périmé", "%(num)s périmés", n)
        case _:
            return ngettext("%(num)s manquant", "%(num)s manquants", n)


def length(seconds: float) -> str:
    """« 12 s » or « 3 min 05 »."""
    whole = max(round(seconds), 1)
    if whole < 60:
        return _("%(n)s s", n=whole)
    minutes, rest = divmod(whole, 60)
    return _("%(n)s min %(rest)s", n=minutes, rest=f"{rest:02}") if rest else _("%(n)s min", n=minutes)


def group(by: By, value: str, languages: Mapping[str, str]) -> str:
    """A group of a quiz's results in words."""
    if by is By.ALL:
        return _("Toutes les réponses")
    if not value:
        return _("non dit")
    if by is By.LISTENER:
        return str(LISTENERS[Listener(value)])
    return languages.get(value, value) if by is By.LANGUAGE else value


def in_force(given: InForce, language: str, languages: Mapping[str, str]) -> str:
    """What listeners of a language get meanwhile."""
    name = languages.get(language, language)
    if given.language is None:
        return _("Aujourd'hui, rien ne part en %(name)s.", name=name)
    if given.variant_id is None:
        return _("Aujourd'hui part en %(name)s : le texte français livré avec le programme.", name=name)
    other = languages.get(given.language, given.language)
    return _("Aujourd'hui part en %(name)s : le texte approuvé en %(other)s.", name=name, other=other)


SPELLINGS = {
    SpellingFault.NOT_DEAR: lazy("Cette lettre ne rend pas le SMS plus cher. Choisissez-en une autre."),
    SpellingFault.DEAR: lazy("Écrivez ce qui la remplace avec des lettres du SMS : a à z, è, é, ò, ù, chiffres."),
    SpellingFault.LONG: lazy("Quatre signes au plus pour remplacer une lettre."),
}
FATES = {
    Fate.NEW: lazy("entre comme brouillon"),
    Fate.OTHER_FRENCH: lazy("entre comme brouillon ; son français n'est pas le nôtre"),
    Fate.SAME: lazy("déjà ici, pareil"),
    Fate.WRITTEN_HERE: lazy("déjà écrit ici : le nôtre reste"),
    Fate.UNKNOWN: lazy("ce texte n'existe pas ici"),
    Fate.UNFIT: lazy("accolades ou réponses autres qu'en français ici"),
}
# What goes where a language has no approved text, by tab of the library.
INSTEAD = {
    "reponses": lazy(
        "Sans texte approuvé dans sa langue, une personne reçoit celui de la langue de repli, puis le français livré."
    ),
    "annonces": lazy("Sans son approuvé dans sa langue, une annonce n'est pas dite : son paquet de voix reste hors service."),
}
# What `glossary.save`, `language_packs.read` and `taken_in.check` refuse, here for its English.
REFUSED = (
    lazy("Ce fichier n'est pas un paquet de langue. Envoyez le ZIP tel qu'il est sorti de l'autre installation."),
    lazy("Ce paquet vient d'une version plus récente. Mettez d'abord cette installation à jour."),
    lazy("Ce paquet est abîmé : « %(name)s » n'est pas ce que sa liste annonce. Demandez-le de nouveau."),
    lazy("Cette langue n'est pas en service ici : %(name)s. Ouvrez-la dans les réglages."),
    lazy("Écrivez le terme et sa traduction."),
    lazy("C'est trop long : 80 signes pour le terme, 120 pour la traduction, 200 pour la note."),
    lazy("Ce terme est déjà dans le glossaire. Changez sa ligne."),
)


def spelling_refusal(error: SpellingError) -> str:
    """Why a cheap spelling is refused."""
    return str(SPELLINGS[error.fault])
