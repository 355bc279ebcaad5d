"""What still stands between this installation and its first real message: each point with what is missing and where to mend it.

Sending stays closed until every point holds. The law's points are what a person declares; the rest is looked up in the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from clubs.models import Club, Member, Village
from console.staff import RoleName, Staff
from console.words import _, ngettext
from messaging.channels import SIMULATOR, SMS, VOICE
from messaging.models import Budget, Channel, ChannelState, Consent
from messaging.probing import HEALTHY
from runtime.database import Session
from runtime.installation import Installation, installation
from translations import contents, packs
from translations.content_entries import Pack
from translations.languages import SOURCE, chain
from translations.library import newest_variants, sendable
from translations.models import Content, ContentKind, Language

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
    place, used = installation(session), languages_used(session)
    found = [*_house(place), *_law(place), *_people(session), *_routes(session), *_words(session, used, now)]
    return [*found, *_voice(session, used, now)]


def languages_used(session: Session) -> list[str]:
    """The languages that members, clubs and villages are written to in, in the order of the menu."""
    spoken = func.coalesce(Member.language, Club.language, Village.language, SOURCE)
    rows = (
        select(spoken)
        .select_from(Member)
        .join(Club, Club.id == Member.club_id, isouter=True)
        .join(Village, Village.id == Club.village_id, isouter=True)
        .where(Member.left_at.is_(None))
        .distinct()
    )
    used = set(session.scalars(rows))
    return [one.code for one in contents.languages(session) if one.code in used] or [SOURCE]


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


def _people(session: Session) -> Iterator[Point]:
    count = sum(row.active and any(role.name == RoleName.VALIDATION for role in row.roles) for row in session.query(Staff))
    lacks = ngettext("Il y en a %(num)s. Il en faut deux.", "Il y en a %(num)s. Il en faut deux.", count)
    yield Point("approvers", _("Deux personnes de la Validation"), "" if count >= APPROVERS else lacks, "users.index")
    proven = session.scalar(
        select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None), Consent.witness.is_not(None))
    )
    absent = _("Aucun accord avec date et témoin. Importez le registre.")
    yield Point("consents", _("Registre des accords"), "" if proven else absent, "imports.index")


def _routes(session: Session) -> Iterator[Point]:
    rows = session.query(Channel).filter(Channel.state != ChannelState.REMOVED, Channel.gateway != SIMULATOR)
    real = list(rows.order_by(Channel.name))
    absent = _("Aucune passerelle réelle.") if not real else ""
    ill = ", ".join(row.name for row in real if row.health != HEALTHY)
    told = absent or (_("À tester : %(names)s.", names=ill) if ill else "")
    yield Point("gateway", _("Passerelle testée"), told, "channels.index")
    free = ", ".join(row.name for row in real if not _priced(row))
    told = absent or (_("Sans prix : %(names)s.", names=free) if free else "")
    yield Point("prices", _("Prix de chaque canal"), told, "channels.index")
    scopes = {f"channel:{row.id}" for row in real}
    capped = set(session.scalars(select(Budget.scope).where(Budget.scope.in_(scopes), Budget.cap > 0)))
    open_ = ", ".join(row.name for row in real if f"channel:{row.id}" not in capped)
    told = absent or (_("Sans plafond : %(names)s.", names=open_) if open_ else "")
    yield Point("budget", _("Plafond de dépense de chaque canal"), told, "budgets.index")


def _priced(row: Channel) -> bool:
    return (SMS not in row.kinds or row.price_per_part > 0) and (VOICE not in row.kinds or row.price_per_minute > 0)


def _words(session: Session, used: list[str], now: datetime) -> Iterator[Point]:
    """Automatic replies, approved in each language used or in the one that stands in for it, at last in French."""
    keys = session.query(Content.id).filter(Content.kind == ContentKind.REPLY, ~Content.archived)
    ids = [number for (number,) in keys]
    ready = {(one.content_id, one.language) for one in newest_variants(session, ids) if one.text and sendable(one, now)}
    table: dict[str, str | None] = {row.code: row.fallback for row in session.query(Language)}
    for code in used:
        lacks = sum(not any((number, each) in ready for each in chain(code, table)) for number in ids)
        told = ngettext("%(num)s n'est pas approuvée.", "%(num)s ne sont pas approuvées.", lacks) if lacks else ""
        yield Point(
            f"replies-{code}", _("Réponses automatiques : %(language)s", language=_name(session, code)), told, "messages.index"
        )


def _voice(session: Session, used: list[str], now: datetime) -> Iterator[Point]:
    calls: Any = [row for row in session.query(Channel) if row.gateway != SIMULATOR and VOICE in row.kinds]
    if not calls:
        return
    for code in used:
        told = "" if Pack.A in packs.live_packs(session, code, now) else _("Pas encore en service.")
        yield Point(f"voice-{code}", _("Paquet A : %(language)s", language=_name(session, code)), told, "voice.index")


def _name(session: Session, code: str) -> str:
    return session.get_one(Language, code).name
