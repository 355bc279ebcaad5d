"""An audience as a form: from fields to a filter, and back; with its counts as the page shows them. Its words: audience_words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import lists, saved
from campaigns.audiences import Counts, count
from campaigns.filters import Answered, Filter
from campaigns.models import Audience, Question, StaticList
from clubs import overview
from clubs.models import AgeBand, Area, Club, ClubKind, LifeStage, Member, Preferred, Role, Sex, Village
from console import club_words
from console.audience_words import ANSWERED, HEARD, OPTED_OUT, PREFERRED
from console.campaign_words import causes, languages
from console.edge import exchange, now
from console.forms import Typed
from console.words import _
from messaging.models import Route
from runtime.database import Session
from translations.models import Content, Language

PEOPLE = (Role.MEMBER, Role.FACILITATOR, Role.RELAY)


@dataclass(frozen=True)
class Counted:
    """The audience counted; languages, ways and reasons in words. `unnoted`: it asks for a life stage, and nobody has one."""

    counts: Counts
    languages: list[tuple[str, int]]
    left_out: list[tuple[str, int]]
    unnoted: bool


def read(session: Session, form: Typed) -> Filter:
    """The filter that the form says, a saved audience before all else; unknown club codes are an error of the field."""
    chosen = form.value("saved")
    if chosen in _ids(session.query(Audience.id)):
        return Filter(saved=int(chosen))
    wanted = Filter(
        villages=_known(form, "villages", session.query(Village.id)),
        communes=_known(form, "communes", session.query(Area.id)),
        clubs=_clubs(session, form),
        languages=tuple(code for code in form.many("languages") if code in {code for (code,) in session.query(Language.code)}),
        sexes=_among(form, "sexes", [one.value for one in Sex]),
        roles=_among(form, "roles", [one.value for one in Role]),
        age_bands=_among(form, "age_bands", [one.value for one in AgeBand]),
        life_stages=_among(form, "life_stages", [one.value for one in LifeStage]),
        club_kinds=_among(form, "club_kinds", [one.value for one in ClubKind]),
        preferred=_among(form, "preferred", [one.value for one in Preferred]),
        one_phone_per_club=form.ticked("one_phone"),
        lists=_known(form, "lists", session.query(StaticList.id)),
        not_lists=_known(form, "not_lists", session.query(StaticList.id)),
        minus=_known(form, "minus", session.query(Audience.id)),
    )
    return _of_the_phone(session, form, wanted)


def _of_the_phone(session: Session, form: Typed, wanted: Filter) -> Filter:
    way, _dash, days = form.one_of("heard", HEARD).partition("-")
    opted = form.one_of("opted_out", OPTED_OUT)
    given = form.one_of("answered", ANSWERED)
    asked = form.value("question")
    return replace(
        wanted,
        heard_within=int(days) if way == "within" else None,
        unheard_for=int(days) if way == "for" else None,
        opted_out={"only": True, "without": False}.get(opted),
        question=int(asked) if asked in _ids(session.query(Question.id)) else None,
        answered=given or Answered.ANY.value if asked else None,
    )


def _clubs(session: Session, form: Typed) -> tuple[int, ...]:
    codes = form.value("clubs").replace(",", " ").replace(";", " ").split()
    found = dict(session.query(Club.code, Club.id).filter(Club.code.in_(codes)).all())
    if missing := [code for code in codes if code not in found]:
        form.wrong("clubs", _("Le club %(code)s n'existe pas. Vérifiez ses quatre chiffres.", code=missing[0]))
    return tuple(sorted(found.values()))


def fields(session: Session, wanted: Filter) -> dict[str, object]:
    """The fields that say a filter, a frozen one as it was drafted."""
    wanted = wanted.as_drafted
    codes = [code for (code,) in session.query(Club.code).filter(Club.id.in_(wanted.clubs)).order_by(Club.code)]
    named = ("villages", "communes", "languages", "sexes", "roles", "age_bands", "life_stages", "club_kinds", "preferred")
    heard = f"within-{wanted.heard_within}" if wanted.heard_within else f"for-{wanted.unheard_for}"
    return {
        **{name: getattr(wanted, name) for name in (*named, "lists", "not_lists", "minus", "question", "answered", "saved")},
        "clubs": " ".join(codes),
        "one_phone": wanted.one_phone_per_club,
        "heard": heard if heard in HEARD else "",
        "opted_out": {True: "only", False: "without"}.get(wanted.opted_out, "") if wanted.opted_out is not None else "",
    }


def options(session: Session, wanted: Filter, without: int | None = None) -> dict[str, Sequence[tuple[object, object]]]:
    """What may be chosen, with what `wanted` chose of what was put away since; `without` is the saved audience being changed."""
    files = lists.kept(session, (*wanted.lists, *wanted.not_lists))
    audiences = saved.kept(session, (*wanted.minus, wanted.saved or 0))
    villages = session.query(Village.id, Village.name).order_by(Village.code)
    with_villages = session.query(Village.area_id)
    communes = session.query(Area.id, Area.name).filter(Area.id.in_(with_villages)).order_by(Area.name)
    questions = session.query(Question.id, Content.title).join(Content, Content.id == Question.content_id)
    return {
        "villages": [(id_, name) for id_, name in villages],
        "communes": [(id_, name) for id_, name in communes],
        "languages": list(overview.languages(session).items()),
        "club_kinds": list(club_words.CLUB_KINDS.items()),
        "sexes": [(sex, club_words.SEXES[sex]) for sex in Sex],
        "age_bands": list(club_words.AGES.items()),
        "life_stages": list(club_words.LIFE_STAGES.items()),
        "roles": [(role, club_words.ROLES[role]) for role in PEOPLE],
        "preferred": list(PREFERRED.items()),
        "heard": list(HEARD.items()),
        "opted_out": list(OPTED_OUT.items()),
        "questions": [(id_, title) for id_, title in questions.order_by(Content.title)],
        "answered": list(ANSWERED.items()),
        "lists": [(one.id, one.name) for one in files],
        "saved": [(one.id, one.name) for one in audiences if one.id != without],
    }


def counted(session: Session, wanted: Filter, route: Route) -> Counted:
    """Count an audience."""
    today = now(session).astimezone(ZoneInfo(exchange().settings.timezone)).date()
    found = count(session, wanted, route, today)
    unnoted = bool(wanted.life_stages) and session.query(Member.id).filter(Member.life_stage.is_not(None)).first() is None
    return Counted(found, languages(found.by_language, overview.languages(session)), causes(found.left_out), unnoted)


def _among(form: Typed, name: str, allowed: list[str]) -> tuple[str, ...]:
    return tuple(one for one in form.many(name) if one in allowed)


def _known(form: Typed, name: str, rows: Any) -> tuple[int, ...]:
    known = _ids(rows)
    return tuple(int(one) for one in form.many(name) if one in known)


def _ids(rows: Any) -> set[str]:
    return {str(id_) for (id_,) in rows}
