"""An audience as a form: from fields to a filter, and back; with its counts as the page shows them."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from campaigns.audiences import Counts, Filter, count
from campaigns.models import Campaign
from clubs import overview
from clubs.models import AgeBand, Club, ClubKind, Role, Sex, Village
from console import club_words
from console.campaign_words import causes, languages
from console.edge import exchange, now
from console.forms import Typed
from console.words import _
from messaging.models import Route
from runtime.database import Session
from translations.models import Language

PEOPLE = (Role.MEMBER, Role.FACILITATOR, Role.RELAY)


@dataclass(frozen=True)
class Counted:
    """The audience counted; languages, ways and reasons in words."""

    counts: Counts
    languages: list[tuple[str, int]]
    left_out: list[tuple[str, int]]


def read(session: Session, form: Typed) -> Filter:
    """The filter that the form says; unknown club codes are an error of the field."""
    codes = form.value("clubs").replace(",", " ").replace(";", " ").split()
    found = dict(session.query(Club.code, Club.id).filter(Club.code.in_(codes)).all())
    if missing := [code for code in codes if code not in found]:
        form.wrong("clubs", _("Le club %(code)s n'existe pas. Vérifiez ses quatre chiffres.", code=missing[0]))
    known = {str(id_) for (id_,) in session.query(Village.id)}
    spoken = {code for (code,) in session.query(Language.code)}
    return Filter(
        villages=tuple(int(id_) for id_ in form.many("villages") if id_ in known),
        clubs=tuple(sorted(found.values())),
        languages=tuple(code for code in form.many("languages") if code in spoken),
        sexes=_among(form, "sexes", [one.value for one in Sex]),
        roles=_among(form, "roles", [one.value for one in Role]),
        age_bands=_among(form, "age_bands", [one.value for one in AgeBand]),
        club_kinds=_among(form, "club_kinds", [one.value for one in ClubKind]),
        one_phone_per_club=form.ticked("one_phone"),
    )


def fields(session: Session, wanted: Filter) -> dict[str, object]:
    """The fields that say a filter."""
    codes = [code for (code,) in session.query(Club.code).filter(Club.id.in_(wanted.clubs)).order_by(Club.code)]
    return {
        "villages": wanted.villages,
        "clubs": " ".join(codes),
        "languages": wanted.languages,
        "sexes": wanted.sexes,
        "roles": wanted.roles,
        "age_bands": wanted.age_bands,
        "club_kinds": wanted.club_kinds,
        "one_phone": wanted.one_phone_per_club,
    }


def options(session: Session) -> dict[str, list[tuple[object, object]]]:
    """What may be chosen."""
    villages = session.query(Village.id, Village.name).order_by(Village.code)
    return {
        "villages": [(id_, name) for id_, name in villages],
        "languages": list(overview.languages(session).items()),
        "club_kinds": list(club_words.CLUB_KINDS.items()),
        "sexes": list(club_words.SEXES.items()),
        "age_bands": list(club_words.AGES.items()),
        "roles": [(role, club_words.ROLES[role]) for role in PEOPLE],
    }


def counted(session: Session, wanted: Filter, route: Route) -> Counted:
    """Count an audience."""
    today = now(session).astimezone(ZoneInfo(exchange().settings.timezone)).date()
    found = count(session, wanted, route, today)
    return Counted(found, languages(found.by_language, overview.languages(session)), causes(found.left_out))


def told(session: Session, campaign: Campaign) -> list[str]:
    """The filter of a campaign in short words; nothing narrowed is everybody."""
    wanted = Filter.from_json(campaign.audience)
    names = overview.languages(session)
    villages = session.query(Village.name).filter(Village.id.in_(wanted.villages)).order_by(Village.code)
    clubs = session.query(Club.code).filter(Club.id.in_(wanted.clubs)).order_by(Club.code)
    parts = [_short([name for (name,) in villages]), _short([_("club %(code)s", code=code) for (code,) in clubs])]
    parts += [_short([str(club_words.CLUB_KINDS[ClubKind(one)]) for one in wanted.club_kinds])]
    parts += [_short([names.get(code, code) for code in wanted.languages])]
    parts += [_short([str(club_words.SEXES[Sex(one)]) for one in wanted.sexes])]
    parts += [_short([str(club_words.AGES[AgeBand(one)]) for one in wanted.age_bands])]
    parts += [_short([str(club_words.ROLES[Role(one)]) for one in wanted.roles])]
    said = [part for part in parts if part] or [_("Tous les clubs")]
    return [*said, _("un téléphone par club") if wanted.one_phone_per_club else _("chaque personne")]


def _short(names: list[str], most: int = 4) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return _("%(names)s et %(n)s autres", names=", ".join(names[:most]), n=len(names) - most)


def _among(form: Typed, name: str, allowed: list[str]) -> tuple[str, ...]:
    return tuple(one for one in form.many(name) if one in allowed)
