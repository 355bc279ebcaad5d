"""What still stands between this installation and its first real message: each point with what is missing and where to mend it.

Sending stays closed until every point holds. The law's points are what a person declares; the rest is looked up in the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from campaigns.readiness import Readiness, look
from console.staff import INVENTED, RoleName, Staff
from console.words import _, ngettext
from runtime.database import Session
from runtime.installation import Installation, installation
from translations import contents

APPROVERS = 2
DECLARED = ("apdp", "country", "transfer", "keys_sealed")
"""What people declare: the APDP's reference, where the data lie, the ground for sending them there, the key's day of sealing."""


@dataclass(frozen=True)
class Point:
    """One thing to have; `missing` says in a sentence what is not there, "" when it is; `endpoint` is where to mend it."""

    id: str
    words: str
    missing: str
    endpoint: str | None = None

    @property
    def done(self) -> bool:
        """Whether it is there."""
        return not self.missing


def points(session: Session, now: datetime) -> list[Point]:
    """Every point, in the order in which a programme comes to them."""
    place, found = installation(session), look(session, now)
    names = {one.code: one.name for one in contents.languages(session)}
    return [*_house(place), *_law(place), *_people(session, found), *_routes(found), *_words(found, names)]


def _house(place: Installation) -> Iterator[Point]:
    still = _("La démonstration est encore là. Retirez-la : « flask --app wsgi demo remove ».") if place.demonstration else ""
    moved = _("L'heure de cette simulation a été avancée. Recommencez dans une base neuve.") if place.offset_seconds else ""
    yield Point("demonstration", _("Aucune personne inventée"), still)
    yield Point("clock", _("L'heure vraie"), moved)
    yield Point("real", _("La simulation est quittée"), _("Quittez-la plus bas.") if place.simulation else "")


def _law(place: Installation) -> Iterator[Point]:
    told = place.declared
    absent = _("À déclarer plus bas.")
    yield Point("apdp", _("Référence de l'APDP"), "" if told.get("apdp") else absent)
    yield Point("country", _("Pays où sont les données"), "" if told.get("country") else absent)
    yield Point("transfer", _("Base légale du transfert"), "" if told.get("transfer") else absent)
    yield Point("keys", _("Deux copies scellées de la clé"), "" if told.get("keys_sealed") else absent)


def _people(session: Session, found: Readiness) -> Iterator[Point]:
    people = session.query(Staff).filter(Staff.active, Staff.username.not_in(INVENTED))
    count = sum(any(role.name == RoleName.VALIDATION for role in row.roles) for row in people)
    lacks = ngettext("Il y en a %(num)s. Il en faut deux.", "Il y en a %(num)s. Il en faut deux.", count)
    yield Point("approvers", _("Deux personnes de la Validation"), "" if count >= APPROVERS else lacks, "users.index")
    absent = _("Aucun accord avec date et témoin. Importez le registre.")
    yield Point("consents", _("Registre des accords"), "" if found.consents else absent, "imports.index")


def _routes(found: Readiness) -> Iterator[Point]:
    absent = "" if found.real else _("Aucune passerelle réelle.")
    ill, free, open_ = (", ".join(names) for names in (found.untested, found.unpriced, found.uncapped))
    told = absent or (_("À tester : %(names)s.", names=ill) if ill else "")
    yield Point("gateway", _("Passerelle testée"), told, "channels.index")
    told = absent or (_("Sans prix : %(names)s.", names=free) if free else "")
    yield Point("prices", _("Prix de chaque canal"), told, "channels.index")
    told = absent or (_("Sans plafond : %(names)s.", names=open_) if open_ else "")
    yield Point("budget", _("Plafond de dépense de chaque canal"), told, "budgets.index")


def _words(found: Readiness, names: dict[str, str]) -> Iterator[Point]:
    for code, lacks in found.unapproved.items():
        told = ngettext("%(num)s n'est pas approuvée.", "%(num)s ne sont pas approuvées.", lacks) if lacks else ""
        yield Point(f"replies-{code}", _("Réponses automatiques : %(language)s", language=names[code]), told, "messages.index")
    for code in found.unapproved if found.calls else ():
        told = _("Pas encore en service.") if code in found.voiceless else ""
        yield Point(f"voice-{code}", _("Paquet A : %(language)s", language=names[code]), told, "voice.index")
