"""What voice packs and their states are called on pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.sounding import Unheard
from console.words import _, lazy, ngettext
from translations.content_entries import Pack
from translations.packs import PackError, PackFault, Standing

PACKS: Mapping[Pack, Any] = {
    Pack.A: lazy("A, écouter"),
    Pack.B: lazy("B, menu, quiz et questions"),
    Pack.C: lazy("C, rapports au clavier et nombres"),
    Pack.SERIES: lazy("S, suivis mois par mois"),
}
NAMED = 6


@dataclass(frozen=True)
class Told:
    """A pack's state in words, with the colour that repeats them; `count` is « 12 sur 17 »."""

    count: str
    state: str
    colour: str


def standing(one: Standing, first_live: bool) -> Told:
    """Where a pack stands; `first_live`: whether pack A is in service in that language."""
    count = _("%(ready)s sur %(total)s", ready=one.total - len(one.missing), total=one.total)
    if one.missing:
        lacks = len(one.missing)
        broken = ngettext("arrêté : il en manque %(num)s", "arrêté : il en manque %(num)s", lacks)
        said = ngettext("il en manque %(num)s", "il en manque %(num)s", lacks)
        return Told(count, broken if one.published_at else said, "bad" if one.published_at else "")
    if one.published_at is None:
        return Told(count, _("complet, à publier"), "warn")
    if one.pack is not Pack.A and not first_live:
        return Told(count, _("attend le paquet A"), "warn")
    return Told(count, _("en service"), "good")


def refusal(error: PackError) -> str:
    """Why a pack was not put in service, and what to do."""
    if error.fault is PackFault.FIRST_PACK:
        return _("Le paquet A n'est pas en service dans cette langue. Publiez-le d'abord.")
    return _("Rien n'est publié. Il manque un son approuvé pour : %(labels)s.", labels=listed(error.missing))


def listed(labels: tuple[str, ...]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(labels) - NAMED
    shown = ", ".join(labels[:NAMED])
    return ngettext("%(shown)s et %(num)s autre", "%(shown)s et %(num)s autres", more, shown=shown) if more > 0 else shown


def unheard(one: Unheard) -> str:
    """What calls would lack in one language, after its name."""
    if one.pack is None:
        return _("le message n'a pas de son approuvé")
    if not one.labels:
        return _("le paquet %(name)s est prêt, mais pas encore en service", name=one.pack.value)
    return _("paquet %(name)s, il manque : %(labels)s", name=one.pack.value, labels=listed(one.labels))


# The fixed sentences of `translations.clips`, here for their English; a test holds them together.
SOUND_SENTENCES = (
    lazy("Ce fichier n'est pas un enregistrement lisible. Envoyez un fichier WAV, MP3, M4A, OGG, WEBM ou AMR."),
    lazy("L'enregistrement s'arrête avant sa fin : l'envoi a été coupé. Envoyez le fichier de nouveau."),
    lazy("Le fichier dépasse 30 Mo."),
    lazy("L'enregistrement est trop court."),
    lazy("L'enregistrement dure trop longtemps : 5 minutes au plus."),
    lazy("L'enregistrement dure trop longtemps : 30 secondes au plus."),
    lazy("Le son est saturé. Éloignez le micro et recommencez."),
    lazy("On entend à peine la voix. Rapprochez le micro."),
    lazy("Il y a du bruit derrière la voix. Écoutez avant de proposer."),
    lazy("C'est la voix de synthèse du brouillon. Enregistrez une personne qui parle cette langue."),
)
