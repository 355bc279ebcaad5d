"""The rules of an audience that speak of one person and their telephone.

Each is asked of a member by itself, of a club by any of its members: with one telephone a club, a club is meant when somebody in
it is.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from campaigns.filters import Answered, Filter
from campaigns.models import Answer, ListEntry
from clubs.models import AgeBand, Club, Member, Preferred, Role, Sex
from messaging.models import Contact

PHONE = aliased(Contact)  # the query around these rules joins the table itself


def person(who: type[Member], wanted: Filter, today: date) -> list[ColumnElement[bool]]:
    """The rules over `who`, Member or an alias of it."""
    rules: list[ColumnElement[bool]] = []
    if wanted.sexes:
        rules.append(who.sex.in_([Sex(word) for word in wanted.sexes]))
    if wanted.roles:
        rules.append(who.role.in_([Role(word) for word in wanted.roles]))
    if wanted.age_bands:
        rules.append(who.age_band.in_([AgeBand(word) for word in wanted.age_bands]))
    if wanted.life_stages:
        rules.append(who.life_stage.in_(wanted.life_stages))
    if wanted.preferred:
        rules.append(who.preferred.in_([Preferred(word) for word in wanted.preferred]))
    if wanted.heard_within is not None:
        rules.append(exists().where(PHONE.id == who.contact_id, PHONE.last_heard_at >= _before(today, wanted.heard_within)))
    if wanted.unheard_for is not None:
        silent = or_(PHONE.last_heard_at.is_(None), PHONE.last_heard_at < _before(today, wanted.unheard_for))
        rules.append(exists().where(PHONE.id == who.contact_id, silent))
    if wanted.question is not None and wanted.answered is not None:
        rules.append(_answered(who, wanted.question, Answered(wanted.answered)))
    if wanted.lists:
        rules.append(_listed(who, wanted))
    return rules


def _answered(who: type[Member], question: int, given: Answered) -> ColumnElement[bool]:
    mine = [Answer.contact_id == who.contact_id, Answer.question_id == question, Answer.scored]
    if given in (Answered.RIGHT, Answered.WRONG):
        mine.append(Answer.right.is_(given is Answered.RIGHT))
    if given is Answered.NONE:
        return and_(who.contact_id.is_not(None), ~exists().where(*mine))
    return exists().where(*mine)


def _listed(who: type[Member], wanted: Filter) -> ColumnElement[bool]:
    here = ListEntry.list_id.in_(wanted.lists)
    named = exists().where(here, or_(ListEntry.contact_id == who.contact_id, ListEntry.club_id == who.club_id))
    if not wanted.one_phone_per_club:
        return named
    own = aliased(Club)
    return or_(named, exists().where(here, own.id == who.club_id, own.phone_id == ListEntry.contact_id))


def _before(today: date, days: int) -> datetime:
    return datetime.combine(today - timedelta(days=days), time(), UTC)
