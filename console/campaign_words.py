"""What campaigns, their steps, states, problems and causes are called on pages."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from campaigns.models import (
    CampaignEvent,
    CampaignState,
    CatchUp,
    EnrolmentState,
    Given,
    OccurrenceState,
    Priority,
    Repeat,
    SeasonKind,
)
from campaigns.plan import Problem, Step
from clubs.models import MarketRule
from console.words import _, clock, day, lazy, moment, ngettext, time_zone
from messaging.models import BroadcastState, Route
from messaging.waiting import Why
from messaging.windows import Windows

TABS = {
    "brouillons": (lazy("Brouillons"), (CampaignState.DRAFT,)),
    "programmees": (lazy("Programmées"), (CampaignState.SCHEDULED,)),
    "en-cours": (lazy("En cours"), (CampaignState.RUNNING, CampaignState.PAUSED)),
    "terminees": (lazy("Terminées"), (CampaignState.FINISHED,)),
    "annulees": (lazy("Annulées"), (CampaignState.CANCELLED,)),
}
STATES = {
    CampaignState.DRAFT: (lazy("brouillon"), ""),
    CampaignState.SCHEDULED: (lazy("programmée"), "good"),
    CampaignState.RUNNING: (lazy("en cours"), "good"),
    CampaignState.PAUSED: (lazy("en pause"), "warn"),
    CampaignState.FINISHED: (lazy("terminée"), ""),
    CampaignState.CANCELLED: (lazy("annulée"), "bad"),
}
SENDINGS = {
    BroadcastState.PLANNED: (lazy("programmé"), "warn"),
    BroadcastState.RUNNING: (lazy("en cours"), "good"),
    BroadcastState.PAUSED: (lazy("en pause"), "warn"),
    BroadcastState.CANCELLED: (lazy("annulé"), "bad"),
    BroadcastState.FINISHED: (lazy("terminé"), ""),
}
PLACES = {
    EnrolmentState.ACTIVE: (lazy("en cours"), "good"),
    EnrolmentState.SUSPENDED: (lazy("attend un accord"), "warn"),
    EnrolmentState.ENDED: (lazy("terminée"), ""),
}
OCCURRENCES = {
    OccurrenceState.FIRED: lazy("envoyé"),
    OccurrenceState.SKIPPED: lazy("sauté"),
    OccurrenceState.MERGED: lazy("joint au suivant"),
}
STEPS = {
    Step.MESSAGE: lazy("Message"),
    Step.AUDIENCE: lazy("Public"),
    Step.CHANNEL: lazy("Canal et langue"),
    Step.DATE: lazy("Date"),
    Step.CHECK: lazy("Vérifier"),
}
ROUTES = {
    Route.SMS: lazy("SMS"),
    Route.VOICE: lazy("Appel vocal"),
    Route.OWN: lazy("Le canal de chacun"),
}
REPEATS = {
    Repeat.ONCE: lazy("Une fois"),
    Repeat.WEEKLY: lazy("Chaque semaine"),
    Repeat.MARKET: lazy("Selon le marché de chaque village"),
    Repeat.SEASON: lazy("Selon une saison"),
    Repeat.EPISODE: lazy("Après une émission de radio sur ce thème"),
    Repeat.ANSWER: lazy("Après une réponse au quiz"),
}
ALL_REPEATS = {**REPEATS, Repeat.STAGE: lazy("Série par étape de vie")}
MARKETS = {
    MarketRule.ON: lazy("Le jour du marché"),
    MarketRule.EVE: lazy("La veille du marché"),
    MarketRule.NEVER: lazy("Chaque semaine, mais jamais un jour de marché"),
}
SEASONS = {
    SeasonKind.LEAN: lazy("Soudure"),
    SeasonKind.HARVEST: lazy("Récolte"),
    SeasonKind.SIAN: lazy("Semaine SIAN"),
}
GIVEN = {
    Given.ANY: lazy("Quelle que soit la réponse"),
    Given.RIGHT: lazy("Si la réponse est juste"),
    Given.WRONG: lazy("Si la réponse est fausse"),
}
PRIORITIES = {
    Priority.HIGH: lazy("Haute : passe avant les autres le même jour"),
    Priority.NORMAL: lazy("Normale"),
    Priority.LOW: lazy("Basse : attend un jour libre"),
}
SKIPPED = {
    "late": lazy("le service était arrêté à cette heure"),
    "restored": lazy("peut-être déjà parti avant la restauration"),
    "expired": lazy("il aurait expiré avant de partir"),
}
WAITS = {
    Why.TURN: lazy("dès que le canal est libre"),
    Why.CANCELLABLE: lazy("pendant le délai d'annulation"),
    Why.PAUSED: lazy("envoi en pause"),
    Why.BUDGET: lazy("le budget est atteint"),
    Why.PERSON: lazy("mis de côté, une personne décide"),
    Why.RETRY: lazy("nouvel essai après un échec"),
    Why.HOUR: lazy("heures permises, ou numéro qui a déjà ses messages"),
    Why.LATER: lazy("pas encore l'heure prévue"),
}
CATCH_UPS = {
    CatchUp.SEND_LATE: lazy("L'envoyer en retard, le jour même"),
    CatchUp.SKIP: lazy("Le sauter, et le dire ici"),
    CatchUp.SEND_NEXT: lazy("Attendre la fois suivante"),
}
PHASES = {"": lazy("Une seule fois"), "before": lazy("Avant les séances"), "after": lazy("Après les séances")}

# Why somebody was not reached, whoever said so: the audience, the claim, the gateway, the network.
CAUSES = {
    "no_phone": lazy("sans téléphone"),
    "dead_number": lazy("numéro qui n'existe plus"),
    "stopped": lazy("désinscrit (STOP)"),
    "opt_out": lazy("désinscrit chez l'opérateur"),
    "paused": lazy("club ou village en pause"),
    "restored": lazy("abandonné après une restauration"),
    "pilot": lazy("village qui n'est pas encore ouvert"),
    "no_consent": lazy("sans accord noté"),
    "no_variant": lazy("aucun texte ou son approuvé dans sa langue"),
    "no_channel": lazy("aucun canal pour son numéro"),
    "cancelled": lazy("envoi annulé avant son tour"),
    "priority": lazy("un message plus important ce jour-là, et aucun jour libre avant l'expiration"),
    "no_series_consent": lazy("sans accord pour la série"),
    "series_over": lazy("série terminée ou suspendue"),
    "erased": lazy("numéro effacé"),
    "expired": lazy("trop tard : l'envoi a expiré"),
    "day_limit": lazy("a déjà reçu un message ce jour-là"),
    "week_limit": lazy("a déjà reçu assez de messages cette semaine"),
    "not_approved": lazy("texte qui n'est plus approuvé"),
    "not_valid": lazy("texte dont la date est passée"),
    "simulation": lazy("simulation : numéro réel, rien ne part"),
    "simulated_number": lazy("numéro d'essai, refusé par ce canal"),
    "budget": lazy("budget atteint"),
    "doubt": lazy("mis de côté : à relire par une personne"),
    "staff": lazy("mis de côté par un collègue"),
    "absent": lazy("téléphone éteint ou hors réseau"),
    "undelivered": lazy("non remis par l'opérateur"),
    "timeout": lazy("sans réponse de la passerelle"),
    "no_connection": lazy("passerelle injoignable"),
    "throttled": lazy("passerelle trop chargée"),
    "busy_gateway": lazy("passerelle trop chargée"),
    "phone_limit": lazy("limite du téléphone d'envoi"),
    "modem": lazy("panne du modem d'envoi"),
    "credentials": lazy("compte refusé par la passerelle"),
    "credit": lazy("plus de crédit chez la passerelle"),
    "sender": lazy("expéditeur refusé par l'opérateur"),
    "this_text": lazy("texte refusé par l'opérateur"),
    "given_up": lazy("classé en échec par un collègue"),
    "busy": lazy("ligne occupée"),
    "no_answer": lazy("pas de réponse"),
    "machine": lazy("répondeur"),
    "failed": lazy("échec sans cause donnée"),
    "other": lazy("refusé, cause inconnue"),
}


def rhythm(event: CampaignEvent) -> str:
    """How an event comes back, in a line."""
    words = str(ALL_REPEATS[event.repeat])
    if event.repeat is Repeat.MARKET and event.market is not None:
        return str(MARKETS[event.market])
    if event.repeat is Repeat.SEASON and event.season is not None:
        days = ngettext("%(num)s jour après son début", "%(num)s jours après son début", event.days_into or 0)
        return f"{SEASONS[event.season]}, {days}" + (", " + _("puis chaque semaine") if event.weekly else "")
    if event.repeat in (Repeat.EPISODE, Repeat.ANSWER):
        return words + ", " + ngettext("%(num)s heure plus tard", "%(num)s heures plus tard", event.hours_after or 0)
    return words


def cause(code: str) -> str:
    """Plain words for a cause; a provider's own code as it is, so that nothing is hidden."""
    words = CAUSES.get(code)
    return str(words) if words is not None else _("autre cause (%(code)s)", code=code)


def causes(found: Mapping[str, int]) -> list[tuple[str, int]]:
    """The causes in words, the most frequent first."""
    return sorted(((cause(code), count) for code, count in found.items()), key=lambda each: (-each[1], each[0]))


def languages(found: Mapping[str, int], names: Mapping[str, str]) -> list[tuple[str, int]]:
    """Counts by language, named; the unknown one is said to be heard in French."""
    return [(names.get(code, code) if code else _("langue inconnue (français)"), count) for code, count in sorted(found.items())]


def hours(spans: Iterable[tuple[time, time]]) -> str:
    """« 8 h à 12 h, 16 h à 20 h »: the open spans of a day."""
    local = datetime(2026, 1, 1, tzinfo=ZoneInfo(time_zone()))
    words = [[clock(datetime.combine(local, each, local.tzinfo)) for each in span] for span in spans]
    return ", ".join(_("%(start)s à %(end)s", start=start, end=end) for start, end in words)


def quiet(allowed: Windows, begin: datetime) -> str:
    """Why nothing leaves at that moment, and when it will."""
    spans = hours(allowed.spans(begin.astimezone(allowed.zone)))
    said = [
        _("À %(hour)s rien ne part. Heures permises %(day)s : %(hours)s.", hour=clock(begin), day=day(begin), hours=spans),
        _("Autour du coucher du soleil rien ne part.") if allowed.at_sunset(begin) else "",
        _("Les messages attendront %(when)s.", when=moment(allowed.next_open(begin))),
    ]
    return " ".join(each for each in said if each)


def problem(which: Problem, late: int, limit: int, closed: str) -> str:
    """What is wrong and what to do; `closed` says why nothing leaves at the hour of departure."""
    words = {
        Problem.NOBODY: _("Personne ne recevrait ce message. Élargissez le public."),
        Problem.NO_VARIANT: _("Une partie du public n'a pas de texte approuvé dans sa langue. Choisissez un autre message."),
        Problem.NO_SOUND: _("Le message n'a pas de son approuvé dans chaque langue du public. Voyez la liste plus bas."),
        Problem.NO_PACK: _("Les annonces de l'appel ne sont pas prêtes dans chaque langue du public. Voyez la liste plus bas."),
        Problem.NO_CHANNEL: _("Aucun canal ne dessert une partie du public. Choisissez un autre canal."),
        Problem.PAST_DATE: _("Cette date est déjà passée. Choisissez une date à venir."),
        Problem.QUIET_HOURS: closed,
        Problem.OVER_BUDGET: _("Le budget ne suffit pas. Réduisez le public, ou demandez un budget à l'administration."),
        Problem.BEYOND_CAPACITY: ngettext(
            "%(num)s numéro ne serait pas servi à temps. Allongez la durée, ou réduisez le public.",
            "%(num)s numéros ne seraient pas servis à temps. Allongez la durée, ou réduisez le public.",
            late,
        ),
        Problem.SECOND_PERSON: _("Au-dessus de %(n)s numéros, une deuxième personne confirme.", n=limit),
    }
    return words[which]


def refusal(code: str) -> str:
    """What to say when campaigns refuses."""
    words = {
        "series_off": _("Les séries ne sont pas en service ici. L'administration les met en service dans les réglages."),
        "no_market": _("Aucun village de ce public n'a de jour de marché à venir. Notez-le, ou choisissez une autre règle."),
        "same_stage": _("Deux étapes de la série tombent le même mois. Changez l'une des deux."),
        "incomplete": _("Il manque de quoi fixer une date. Revenez à l'étape « Date »."),
        "not_a_draft": _("Cette campagne n'est plus un brouillon : rien n'a changé."),
        "past_date": _("Cette date est déjà passée. Choisissez une date à venir."),
        "second_person": _("Une deuxième personne doit confirmer cet envoi."),
        "own_campaign": _("Vous avez écrit cette campagne. Une autre personne doit confirmer."),
        "not_scheduled": _("Cette campagne est déjà partie. Vous pouvez l'arrêter."),
        "already_retried": _("Les échecs ont déjà été renvoyés : rien n'a changé."),
        "none_failed": _("Aucun échec à renvoyer."),
        "cancelled": _("Cette campagne est arrêtée. Dupliquez-la pour envoyer de nouveau."),
        "not_ended": _("L'envoi n'est pas fini. Attendez la fin pour renvoyer les échecs."),
        "name_taken": _("Ce nom est déjà pris. Choisissez-en un autre."),
        "audience_circle": _("Ce public serait retiré de lui-même. Décochez un des publics à retirer."),
        "empty_list": _("Aucune ligne ne peut entrer dans la liste. Corrigez le fichier."),
        "not_skipped": _("Ce rendez-vous n'attend plus : rien n'a changé."),
    }
    return words.get(code, _("Ce n'est plus possible : rien n'a changé."))


def done_by(when: datetime | None, late: int) -> str:
    """« Terminé vers jeudi 26 mars, 16 h ; 412 expireront »."""
    if when is None:
        return _("Rien ne partirait.")
    ended = _("Terminé vers %(when)s", when=moment(when))
    if not late:
        return ended + "."
    return ended + " ; " + ngettext("%(num)s expirera.", "%(num)s expireront.", late)
