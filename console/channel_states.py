"""What a gateway can do, why a channel rests and what its test found: one French sentence each, that ends with what to do.

Pages and the command `channel check` say the same sentences.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from console.campaign_words import cause as cause_words
from console.channel_words import setting_words
from console.words import _, clock, day, lazy, ngettext, whole
from messaging.capacity import BUNDLE
from messaging.figures import Trouble
from messaging.gateways.protocol import Capabilities, Cause, Outcome, Probe, Sent
from messaging.models import Channel

CAUSES: Mapping[Cause, Any] = {
    Cause.CREDENTIALS: lazy("L'identifiant ou le mot de passe est refusé. Corrigez-les dans les réglages du canal."),
    Cause.CREDIT: lazy("Il n'y a plus de crédit. Rechargez le compte, puis essayez de nouveau."),
    Cause.SENDER: lazy("Le numéro d'expéditeur est refusé. Corrigez-le, ou faites-le enregistrer chez le fournisseur."),
    Cause.NO_CONNECTION: lazy("La passerelle est injoignable. Vérifiez son adresse, puis la connexion du serveur."),
    Cause.TIMEOUT: lazy("La passerelle n'a pas répondu à temps. Réessayez dans quelques minutes."),
    Cause.THROTTLED: lazy("La passerelle demande d'aller moins vite. Réessayez dans quelques minutes."),
    Cause.BUSY_GATEWAY: lazy("La passerelle est trop chargée. Réessayez dans quelques minutes."),
    Cause.PHONE_LIMIT: lazy("Le téléphone d'envoi a atteint sa limite. Attendez une heure."),
    Cause.ABSENT: lazy("Le téléphone d'envoi est éteint ou sans réseau. Allumez-le, et gardez-le en charge."),
    Cause.MODEM: lazy("Le téléphone ou le modem d'envoi est en panne. Redémarrez-le, et vérifiez sa carte SIM."),
    Cause.DEAD_NUMBER: lazy("La passerelle ne connaît pas le numéro de ce canal. Corrigez-le."),
    Cause.THIS_TEXT: lazy("La passerelle refuse notre demande. Montrez sa réponse à son service d'aide."),
    Cause.OPT_OUT: lazy("La passerelle dit que ce numéro est désinscrit. Essayez avec un autre numéro."),
    Cause.UNDELIVERED: lazy("La passerelle n'a pas pu remettre l'essai. Montrez sa réponse à son service d'aide."),
    Cause.OTHER: lazy("La passerelle répond par une erreur inconnue. Montrez sa réponse à son service d'aide."),
}


def abilities(can: Capabilities) -> tuple[list[str], list[str]]:
    """What a gateway can do and cannot, in plain words."""
    told = [
        (can.sms, _("envoyer des SMS")),
        (can.inbound_sms, _("recevoir les réponses")),
        (can.reports, _("dire si un SMS est arrivé")),
        (can.voice, _("appeler et répondre aux appels")),
        (can.missed_calls, _("rappeler après un bip")),
        (can.tells_balance, _("dire le crédit qui reste")),
    ]
    does, lacks = [words for able, words in told if able], [words for able, words in told if not able]
    if can.bulk > 1:
        does.append(_("envoyer un même texte à %(n)s numéros d'un coup", n=can.bulk))
    if not (can.idempotent or can.ours_in_receipts or can.adopts or can.looks_up or can.takes_with_our_record):
        lacks.append(_("retrouver le sort d'un envoi resté sans réponse"))
    return does, lacks


def wrong_settings(gateway: str, names: Iterable[str]) -> list[str]:
    """One sentence for each setting that is missing or wrong."""
    return [
        _("Le réglage « %(name)s » manque ou n'est pas valable. Corrigez-le.", name=setting_words(gateway, name).label)
        for name in names
    ]


def found(probe: Probe) -> list[str]:
    """What the provider says of our account: what is wrong and what to do, or that all is well; then what is left."""
    said = [str(CAUSES[probe.cause])] if probe.cause else [_("Le fournisseur répond. Le compte est en ordre.")]
    if probe.balance:
        said.append(_("Crédit : %(balance)s.", balance=probe.balance))
    if probe.units is not None:
        said.append(ngettext("Il reste %(n)s SMS.", "Il reste %(n)s SMS.", probe.units, n=whole(probe.units)))
    if probe.expires is not None:
        said.append(_("Ils expirent le %(day)s.", day=day(probe.expires)))
    return said


def why_paused(reason: str | None) -> str:
    """Why a channel does not send, and what to do about it."""
    if reason in (None, "", "staff"):
        return _("Une personne l'a mis en pause. Cliquez « Reprendre » quand il peut envoyer.")
    if reason == BUNDLE:
        return _("Le forfait est épuisé ou expiré. Achetez-en un, puis notez-le dans « Forfaits ».")
    known = {cause.value: words for cause, words in CAUSES.items()}
    words = known.get(str(reason))
    after = _("Ensuite, cliquez « Reprendre ».")
    return f"{words} {after}" if words else _("Mis en pause : %(why)s.", why=reason)


def trouble(one: Trouble) -> str:
    """What keeps a channel from its work now, in one line."""
    why = short(one.why)
    if one.kind == "paused":
        return _("En pause : %(why)s.", why=why)
    if one.kind == "breaker":
        return _("Au repos jusqu'à %(when)s : trop d'échecs (%(why)s). Il réessaiera seul.", when=clock(one.until), why=why)
    if one.kind == "throttled":
        return _("Ralenti jusqu'à %(when)s, à la demande de la passerelle. Il reprendra seul.", when=clock(one.until))
    if one.kind == "low":
        return _("Le crédit baisse : %(left)s. Rechargez bientôt.", left=one.why)
    return _("Les accusés tardent. Les téléphones sont peut-être éteints.")


def short(reason: str | None) -> str:
    """A reason in a few words."""
    if reason in (None, "", "staff"):
        return _("par une personne")
    if reason == BUNDLE:
        return _("plus de SMS dans le forfait")
    return cause_words(str(reason))


def health(channel: Channel) -> tuple[str, str]:
    """What the last question to the provider found, and the colour that repeats it."""
    if channel.health is None:
        return _("Jamais vérifié. Cliquez « Essayer »."), ""
    if channel.health == "ok":
        return _("En ordre"), "good"
    known = {cause.value: words for cause, words in CAUSES.items()}
    return str(known.get(channel.health, CAUSES[Cause.OTHER])), "bad"


def sent(answer: Sent) -> str:
    """What became of a test SMS."""
    if answer.outcome is Outcome.WIRED:
        return _("La passerelle a pris le SMS. Il devrait arriver dans la minute.")
    if answer.cause is not None and answer.outcome in (Outcome.ERRORED, Outcome.FAILED):
        return str(CAUSES[answer.cause])
    return {
        Outcome.ERRORED: _("La passerelle n'a pas pris le SMS. Réessayez dans quelques minutes."),
        Outcome.FAILED: _("La passerelle refuse ce SMS. Vérifiez le compte et l'expéditeur."),
    }.get(answer.outcome, _("La passerelle n'a pas répondu à temps. Le SMS est peut-être parti."))
