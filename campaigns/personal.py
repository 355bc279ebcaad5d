"""What takes the place of {prenom}, {village}, {club} and {date} in one member's SMS.

A first name stands only where the phone is that member's alone and the message is theirs: never on a shared phone, nor where one
phone hears for its club. There the text goes without, and leaves no gap.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.candidates import Candidate
from clubs.models import Club, Member, Village
from clubs.rows import OWN_PHONE
from messaging.models import Contact
from translations.library import slots
from translations.placeholders import CLUB, DAY, FIRST_NAME, VILLAGE, fill

HIDDEN = "(prénom)"


class Personal:
    """Fills texts for one batch; `to_clubs` says that one phone stands for its club, `day` is the sending's own day."""

    def __init__(self, session: Session, *, to_clubs: bool, day: date) -> None:
        self._session = session
        self._to_clubs = to_clubs
        self._day = day
        self._members: dict[int, Member] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._holders: dict[int, int] = {}
        self._asked: list[Candidate] = []

    def expect(self, batch: Iterable[Candidate]) -> None:
        """Whose texts will be filled; they are read at once, with the first text that needs it."""
        self._asked = list(batch)

    def fill(self, text: str, one: Candidate, contact: Contact, *, hide: bool = False) -> str:
        """The text as this member gets it; with `hide`, as a page may show it: a first name is "(prénom)"."""
        member = self._member(one)
        club, village = self._places.get(member.club_id or 0, (None, None))
        name = self._first_name(member, contact)
        values = {FIRST_NAME: HIDDEN if name and hide else name, CLUB: club, VILLAGE: village, DAY: f"{self._day:%d/%m}"}
        return fill(text, values)

    def leaves_out(self, text: str, one: Candidate, contact: Contact) -> bool:
        """Whether the text asks for a first name that it goes without on this phone."""
        return FIRST_NAME in slots(text) and self._first_name(self._member(one), contact) is None

    def _member(self, one: Candidate) -> Member:
        if one.member_id not in self._members:
            self._read([*self._asked, one])
        return self._members[one.member_id]

    def _first_name(self, member: Member, contact: Contact) -> str | None:
        alone = not contact.shared and self._holders.get(contact.id, 0) == 1 and member.contact_id == contact.id
        own = alone and (member.phone_owner or "").strip().casefold() in OWN_PHONE
        # A register writes a dash where it knows no name.
        words = (word for word in (member.name or "").split() if any(sign.isalpha() for sign in word))
        return next(words, None) if own and not self._to_clubs else None

    def _read(self, batch: list[Candidate]) -> None:
        ids = {one.member_id for one in batch}
        numbers = {one.contact_id for one in batch if one.contact_id is not None}
        for member in self._session.scalars(select(Member).where(Member.id.in_(ids))):
            self._members[member.id] = member
        clubs = {member.club_id for member in self._members.values() if member.club_id is not None} - self._places.keys()
        placed = select(Club.id, Club.code, Village.name).join(Village, Village.id == Club.village_id).where(Club.id.in_(clubs))
        self._places |= {id_: (code, name) for id_, code, name in self._session.execute(placed)}
        held = select(Member.contact_id, func.count()).where(Member.contact_id.in_(numbers), Member.left_at.is_(None))
        club_phones = set(self._session.scalars(select(Club.phone_id).where(Club.phone_id.in_(numbers))))
        for contact_id, holders in self._session.execute(held.group_by(Member.contact_id)):
            if contact_id is not None:
                self._holders[contact_id] = holders + (contact_id in club_phones)
