"""The words of the results package as pages show them: French there, in files too; here they can be translated."""

from datetime import date

from console.words import _, day, lazy
from console.words import number as decimal
from messaging.channels import SIMULATOR
from results.models import Direction, Target
from results.phone_tables import LISTENERS, NO_LANGUAGE, NOT_SAID
from results.small import Kept

# Listed so that they are collected for translation; the page looks them up by their French.
WORDS = (
    lazy("Diversité alimentaire des femmes (MDD-W)"),
    lazy("Diversité alimentaire des enfants de 6 à 23 mois"),
    lazy("Fréquence minimale des repas"),
    lazy("Alimentation minimale acceptable"),
    lazy("Allaitement exclusif jusqu'à six mois"),
    lazy("Mise au sein dans l'heure"),
    lazy("Anémie"),
    lazy("Émaciation ou périmètre brachial"),
    lazy("Sel iodé"),
    lazy("SMS de diffusion envoyés"),
    lazy("SMS partis (remis, transmis ou sans accusé)"),
    lazy("SMS remis"),
    lazy("remis / états finals (remis + échoués), inconnus à part"),
    lazy("SMS au sort inconnu"),
    lazy("SMS partis sans réponse du réseau"),
    lazy("SMS reçus"),
    lazy("tous les SMS reçus"),
    lazy("Numéros ayant décroché"),
    lazy("numéros ayant décroché / numéros appelés"),
    lazy("Secondes écoutées (médiane)"),
    lazy("médiane des secondes écoutées des appels décrochés"),
    lazy("Message essentiel entendu"),
    lazy("appels ayant atteint la fin de l'essentiel / appels décrochés"),
    lazy("Séances tenues"),
    lazy("comptes rendus CR valides"),
    lazy("Présences"),
    lazy("somme des femmes et des hommes présents (présences, pas personnes)"),
    lazy("Présence moyenne"),
    lazy("présences / séances tenues"),
    lazy("Part des femmes"),
    lazy("somme F / somme (F + H)"),
    lazy("Part des jeunes"),
    lazy("somme J / somme (F + H), là où J est connu"),
    lazy("Mères par séance"),
    lazy("somme M / séances où M est connu"),
    lazy("Clubs actifs"),
    lazy("clubs ayant tenu au moins une séance / clubs inscrits"),
    lazy("Complétude"),
    lazy("(CR + RAS) / rapports attendus"),
    lazy("Promptitude"),
    lazy("(CR + RAS) reçus à temps / rapports attendus"),
    lazy("Gain au quiz des séances"),
    lazy("100 x (somme après - somme avant) / somme des votants ; caché sous 10 votants"),
    lazy("Bonnes réponses par téléphone"),
    lazy("premières réponses justes / premières réponses"),
    lazy("Désinscriptions"),
    lazy("Membres inscrits"),
    lazy("membres présents dans les listes"),
    lazy("Actions réalisées"),
    lazy("actions faites / actions arrivées à échéance"),
    lazy("Questions répondues"),
    lazy("questions répondues / questions reçues"),
    lazy("Séances par semaine"),
    lazy("Séances par village"),
    lazy("Séances par thème"),
    lazy("Diffusions par langue"),
    lazy("Diffusions par sexe"),
    lazy("Quiz des séances"),
    lazy("Quiz par téléphone"),
    lazy("100 x (après - avant) / votants ; caché sous 10 votants"),
    lazy("prévus = remis + transmis + échoués + en attente + inconnus + écartés, sans les diffusions annulées avant tout départ"),
    lazy("Semaine du"),
    lazy("Village"),
    lazy("Thème"),
    lazy("Langue"),
    lazy("Langue du message"),
    lazy("Sexe"),
    lazy("Question"),
    lazy("Séances"),
    lazy("Femmes"),
    lazy("Hommes"),
    lazy("Femmes (%%)"),
    lazy("Prévus"),
    lazy("Remis"),
    lazy("Transmis"),
    lazy("Échoués"),
    lazy("En attente"),
    lazy("Inconnus"),
    lazy("Écartés"),
    lazy("Justes avant"),
    lazy("Justes après"),
    lazy("Votants"),
    lazy("Gain (points)"),
    lazy("Premières réponses"),
    lazy("Justes"),
    lazy("Justes (%%)"),
    lazy("points"),
    lazy("aucun message (écartés)"),
    lazy("numéros ayant décroché / numéros appelés, diffusion par diffusion"),
    lazy("Messages écoutés jusqu'au bout"),
    lazy("appels ayant entendu 90 %% du son ou plus / appels décrochés dont la durée du son est connue"),
    lazy("Coût par message essentiel entendu"),
    lazy("coût des appels / appels ayant atteint la fin de l'essentiel"),
    lazy("Bonnes réponses au serveur vocal"),
    lazy("premières réponses justes / premières réponses, au cours d'un appel"),
    lazy("numéros désinscrits dans la période / numéros actifs à son début"),
    lazy("Délai de réponse (médiane)"),
    lazy("médiane des heures entre la question et sa réponse"),
    lazy("Questions en attente"),
    lazy("questions reçues sans réponse"),
    lazy("Radio écoutée"),
    lazy("séances avec la radio écoutée / séances où elle est connue"),
    lazy("Membres déclarés"),
    lazy("somme des femmes et des hommes déclarés par les clubs"),
    lazy("Thèmes prévus traités"),
    lazy("couples club et thème réalisés / (clubs actifs x thèmes prévus du trimestre)"),
    lazy("Événements"),
    lazy("comptes rendus EV valides"),
    lazy("Femmes aux événements"),
    lazy("somme des femmes présentes aux événements"),
    lazy("Hommes aux événements"),
    lazy("somme des hommes présents aux événements"),
    lazy("Villages aux événements"),
    lazy("somme des villages venus aux événements"),
    lazy("Démonstrations culinaires"),
    lazy("comptes rendus DC valides"),
    lazy("Plants (déclarés)"),
    lazy("somme des quantités déclarées par FAIT pour des plants de feuilles"),
    lazy("Facteur de vérification"),
    lazy("somme (F + H) vus par la supervision / somme (F + H) des mêmes comptes rendus"),
    lazy("Séances tenues sur attendues"),
    lazy("séances tenues / séances attendues"),
    lazy("Rapports à corriger"),
    lazy("rapports dont la première réponse demande une précision ou une confirmation / rapports reçus par téléphone"),
    lazy("Séances par commune"),
    lazy("SMS par opérateur"),
    lazy("Appels par diffusion"),
    lazy("Quiz vocal par public"),
    lazy("Événements par sorte"),
    lazy("Commune"),
    lazy("Opérateur"),
    lazy("SMS échoués"),
    lazy("États finals"),
    lazy("SMS remis (%%)"),
    lazy("Diffusion"),
    lazy("Jour"),
    lazy("Numéros appelés"),
    lazy("Ayant décroché"),
    lazy("Ayant décroché (%%)"),
    lazy("Public"),
    lazy("Sorte d'événement"),
    lazy("Villages venus"),
    lazy("Une femme"),
    lazy("Un homme"),
    lazy("Un groupe"),
    lazy("non dit"),
    lazy("h"),
    lazy("FCFA"),
)

GROUPS = (
    (
        lazy("Clubs et séances"),
        (
            *("sessions", "sessions_held", "attendances", "attendance_mean", "women", "youth", "mothers", "radio"),
            *("active_clubs", "declared", "members", "theme_coverage", "verification"),
        ),
    ),
    (lazy("Rapports"), ("completeness", "promptness", "report_error")),
    (
        lazy("Messages et appels"),
        (
            *("sms_sent", "sms_delivered", "sms_unknown", "sms_received", "calls_answered", "seconds_heard"),
            *("heard_whole", "core_reached", "core_cost", "opt_out"),
        ),
    ),
    (
        lazy("Ce qui est appris et décidé"),
        ("quiz_gain", "quiz_right", "ivr_right", "actions", "plants", "questions", "answer_hours", "questions_open"),
    ),
    (
        lazy("Événements et démonstrations"),
        ("events", "event_women", "event_men", "event_villages", "demonstrations"),
    ),
)


def words(french: str) -> str:
    """A label, a formula or a column of the results package in the page's language."""
    return _(french.replace("%", "%%")).replace("%%", "%") if french else ""


def subject(table: str, cell: object) -> str:
    """What a row is about: a week as its Monday in words, a sex in the page's language, else as it stands."""
    if isinstance(cell, date):
        return day(cell)
    if table == "operators":
        return operator(str(cell))
    known = table in ("sexes", "events") or cell in (NO_LANGUAGE, NOT_SAID, *LISTENERS.values())
    return words(str(cell)) if known else str(cell)


def is_kept(cell: object) -> bool:
    """Whether a cell is kept back; None is a gain among too few voters."""
    return cell is None or isinstance(cell, Kept)


def kept(cell: Kept | None) -> str:
    """What stands in place of a cell kept back."""
    return _("caché : moins de 5") if cell is Kept.FEW else _("caché")


def operator(name: str) -> str:
    """A network's name as it is; what no network has, in words."""
    return {SIMULATOR: _("simulateur"), NOT_SAID: _("non dit")}.get(name, name)


def value(number: float | None) -> str:
    """A figure as pages write it; "" when nothing could be divided."""
    return decimal(number, 2)


def aim(target: Target, reached: bool) -> str:
    """A target and whether it is met, in words."""
    said = {"value": value(target.value), "met": _("atteinte") if reached else _("non atteinte")}
    if target.direction is Direction.AT_LEAST:
        return _("cible : %(value)s ou plus, %(met)s", **said)
    return _("cible : %(value)s ou moins, %(met)s", **said)
