"""Which part of the programme a figure speaks of: a period, villages, a language, a sex.

Period days are whole days in Bamako, whose clock is UTC's. A sex narrows what is known by person; attendance knows women and men
only as totals, and a phone's answers only the listener's own declaration.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from clubs.models import Club, Member, Sex, Village
from clubs.month import after
from messaging.models import Contact


@dataclass(frozen=True)
class Scope:
    """`since` and `until` are both counted; no village, language, sex or operator means all of them.

    An operator narrows only what is counted by number.
    """

    since: date
    until: date
    villages: frozenset[int] | None = None
    language: str | None = None
    sex: Sex | None = None
    operator: str | None = None

    @property
    def narrowed(self) -> bool:
        """True where only part of the members is spoken of."""
        return self.villages is not None or self.language is not None or self.sex is not None

    @property
    def start(self) -> datetime:
        """The period's first moment."""
        return datetime.combine(self.since, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after the period."""
        return datetime.combine(self.until + timedelta(days=1), time(), UTC)

    def months(self) -> list[date]:
        """The first days of the whole months the period is made of; none when it is not made of whole months."""
        if self.since.day != 1 or (self.until + timedelta(days=1)).day != 1:
            return []
        found = [self.since]
        while (following := after(found[-1])) <= self.until:
            found.append(following)
        return found

    def within(self, moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]) -> ColumnElement[bool]:
        """The condition that a moment lies in the period."""
        return and_(moment >= self.start, moment < self.end)

    def club(self) -> ColumnElement[bool]:
        """The condition on a Club joined to its Village."""
        return and_(self._villages(), self._language(or_(Club.language == self.language, self._village_speaks())))

    def member(self) -> ColumnElement[bool]:
        """The condition on a Member outer-joined to Club and Village."""
        spoken = or_(Member.language == self.language, and_(Member.language.is_(None), Club.language == self.language))
        sex = true() if self.sex is None else Member.sex == self.sex
        return and_(self._villages(), self._language(or_(spoken, and_(Member.language.is_(None), self._village_speaks()))), sex)

    def phone(self, contact_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
        """The condition on a row that names a number."""
        ours = contact_id.in_(self.contacts()) if self.narrowed else true()
        if self.operator is None:
            return ours
        return and_(ours, contact_id.in_(select(Contact.id).where(Contact.operator == self.operator)))

    def contacts(self) -> Select[int | None]:
        """The ids of the numbers behind which a member of the scope stands."""
        here = (
            select(Member.contact_id).outerjoin(Club, Club.id == Member.club_id).outerjoin(Village, Village.id == Club.village_id)
        )
        return here.where(Member.contact_id.is_not(None), self.member())

    def _villages(self) -> ColumnElement[bool]:
        if self.villages is None:
            return true()
        return Club.village_id.in_(self.villages) if self.villages else false()

    def _language(self, spoken: ColumnElement[bool]) -> ColumnElement[bool]:
        return true() if self.language is None else spoken

    def _village_speaks(self) -> ColumnElement[bool]:
        return and_(Club.language.is_(None), Village.language == self.language)


def month(first: date, villages: frozenset[int] | None = None) -> Scope:
    """The month that begins on `first`."""
    return Scope(first, after(first) - timedelta(days=1), villages)
