"""What an audience is called on pages: its rules in short words, as a campaign and a saved audience show them."""

from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.filters import Answered, Filter
from campaigns.models import Audience, Campaign, Question, StaticList
from clubs import overview
from clubs.models import AgeBand, Area, Club, ClubKind, Preferred, Role, Sex, Village
from console import club_words
from console.words import _, lazy
from runtime.database import Session
from translations.models import Content

PREFERRED = {Preferred.SMS: lazy("préfère les SMS"), Preferred.VOICE: lazy("préfère les appels")}
HEARD = {
    "within-30": lazy("a donné signe depuis 30 jours"),
    "within-90": lazy("a donné signe depuis 90 jours"),
    "for-30": lazy("sans nouvelles depuis 30 jours"),
    "for-90": lazy("sans nouvelles depuis 90 jours"),
}
OPTED_OUT = {"without": lazy("sans ceux qui ont dit STOP"), "only": lazy("seulement ceux qui ont dit STOP (rien ne leur part)")}
ANSWERED = {
    Answered.ANY: lazy("a répondu"),
    Answered.RIGHT: lazy("a répondu juste"),
    Answered.WRONG: lazy("a répondu faux"),
    Answered.NONE: lazy("n'a pas répondu"),
}
Words = Mapping[Any, Any]


def told(session: Session, campaign: Campaign) -> list[str]:
    """The audience of a campaign in short words."""
    return told_of(session, Filter.from_json(campaign.audience))


def told_of(session: Session, wanted: Filter) -> list[str]:
    """A filter in short words; nothing narrowed is everybody, a saved audience not yet frozen is its name."""
    name = session.query(Audience.name).filter_by(id=wanted.saved).scalar() if wanted.saved is not None else None
    own = [_("public « %(name)s »", name=name)] if name else []
    if own and not wanted.frozen:
        return own
    said = own + [part for part in (*_places(session, wanted), *_people(session, wanted), *_lists(session, wanted)) if part]
    said = said or [_("Tous les clubs")]
    return [*said, _("un téléphone par club") if wanted.one_phone_per_club else _("chaque personne")]


def _places(session: Session, wanted: Filter) -> list[str]:
    communes = session.query(Area.name).filter(Area.id.in_(wanted.communes)).order_by(Area.name)
    villages = session.query(Village.name).filter(Village.id.in_(wanted.villages)).order_by(Village.code)
    clubs = session.query(Club.code).filter(Club.id.in_(wanted.clubs)).order_by(Club.code)
    return [
        _short(name for (name,) in communes),
        _short(name for (name,) in villages),
        _short(_("club %(code)s", code=code) for (code,) in clubs),
        _short(str(club_words.CLUB_KINDS[ClubKind(one)]) for one in wanted.club_kinds),
    ]


def _people(session: Session, wanted: Filter) -> list[str]:
    names = overview.languages(session)
    heard = f"within-{wanted.heard_within}" if wanted.heard_within else f"for-{wanted.unheard_for}"
    return [
        _short(names.get(code, code) for code in wanted.languages),
        _short(str(club_words.SEXES[Sex(one)]) for one in wanted.sexes),
        _short(str(club_words.AGES[AgeBand(one)]) for one in wanted.age_bands),
        _short(str(club_words.ROLES[Role(one)]) for one in wanted.roles),
        _short(_word(club_words.LIFE_STAGES, one) for one in wanted.life_stages),
        _short(str(PREFERRED[Preferred(one)]) for one in wanted.preferred),
        _word(HEARD, heard, ""),
        "" if wanted.opted_out is None else str(OPTED_OUT["only" if wanted.opted_out else "without"]),
        _quiz(session, wanted),
    ]


def _quiz(session: Session, wanted: Filter) -> str:
    if wanted.question is None or wanted.answered is None:
        return ""
    asked = session.query(Content.title).join(Question, Question.content_id == Content.id).filter(Question.id == wanted.question)
    return _("%(what)s à « %(title)s »", what=ANSWERED[Answered(wanted.answered)], title=asked.scalar() or "")


def _lists(session: Session, wanted: Filter) -> list[str]:
    lists = dict(session.query(StaticList.id, StaticList.name).all()) if wanted.lists or wanted.not_lists else {}
    taken = session.query(Audience.name).filter(Audience.id.in_(wanted.minus)).order_by(Audience.name)
    aside = [*(lists.get(one, "") for one in wanted.not_lists), *(name for (name,) in taken)]
    inside = _short(lists.get(one, "") for one in wanted.lists)
    return [_("liste %(names)s", names=inside) if inside else "", _("sauf %(names)s", names=_short(aside)) if aside else ""]


def _word(words: Words, key: str, otherwise: str | None = None) -> str:
    return str(words.get(key, key if otherwise is None else otherwise))


def _short(names: Iterable[str], most: int = 4) -> str:
    found = list(names)
    if len(found) <= most:
        return ", ".join(found)
    return _("%(names)s et %(n)s autres", names=", ".join(found[:most]), n=len(found) - most)
