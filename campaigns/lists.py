"""Lists from a file: the numbers and club codes in it, each known here or said to be wrong; written once, never changed.

Only the ids of rows that exist are kept: a number that nobody has been asked about does not enter by this door.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.models import ListEntry, StaticList
from clubs.imports import Remark, SheetPlan, Weight
from clubs.models import Club, Member
from clubs.rows import Refused, number_in
from clubs.sheets import Row, Sheet, SheetError
from messaging.models import Contact
from runtime.crypto import blind

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "numéro": ("numéros", "téléphone", "téléphones", "phone", "number", "tel", "portable"),
    "club": ("code", "codes", "clubs", "code club", "code du club", "code ceapv", "ceapv"),
}
Key = tuple[str, int]


@dataclass(frozen=True)
class ListPlan(SheetPlan):
    """What a file would become: the ids it names, each once; a row with a warning names one again."""

    contacts: tuple[int, ...]
    clubs: tuple[int, ...]

    @property
    def ready(self) -> tuple[int, ...]:
        """Everything that would be written."""
        return (*self.contacts, *self.clubs)


def check(session: Session, sheet: Sheet, _today: date) -> ListPlan:
    """Look at every row without writing; SheetError when neither column is there."""
    if not sheet.columns:
        raise SheetError("Il faut une colonne « numéro » ou une colonne « club ».")
    phones, clubs = _phones(session), dict(session.execute(select(Club.code, Club.id)).all())
    first: dict[Key, int] = {}
    remarks = []
    for row in sheet.rows:
        try:
            keys = _keys(row, phones, clubs)
        except Refused as refused:
            remarks.append(Remark(row.number, refused.column, Weight.ERROR, refused.sentence))
            continue
        for key in keys:
            before = first.setdefault(key, row.number)
            if before != row.number:
                said = f"Déjà à la ligne {before}. Cette ligne ne compte pas une seconde fois."
                remarks.append(Remark(row.number, key[0], Weight.WARNING, said))
    contacts = tuple(id_ for column, id_ in first if column == "numéro")
    return ListPlan(len(sheet.rows), tuple(remarks), contacts, tuple(id_ for column, id_ in first if column == "club"))


def _phones(session: Session) -> dict[bytes, int]:
    """The numbers of members who are here and of clubs, by blind index."""
    people = select(Member.contact_id).where(Member.left_at.is_(None), Member.contact_id.is_not(None))
    shared = select(Club.phone_id).where(Club.phone_id.is_not(None))
    known = select(Contact.number_index, Contact.id).where(Contact.id.in_(people.union(shared)))
    return dict(session.execute(known).all())


def _keys(row: Row, phones: Mapping[bytes, int], clubs: Mapping[str, int]) -> list[Key]:
    number, code = number_in(row), row.get("club")
    if number is None and not code:
        raise Refused("numéro", "Cette ligne n'a ni numéro ni code de club. Complétez-la, ou retirez-la.")
    keys: list[Key] = []
    if number is not None:
        found = phones.get(blind(number))
        if found is None:
            raise Refused("numéro", "Aucun membre n'a ce numéro. Importez d'abord la personne, avec son accord.")
        keys.append(("numéro", found))
    if code:
        if code not in clubs:
            raise Refused("club", f"Le club « {code} » n'existe pas. Vérifiez les quatre chiffres sur la carte.")
        keys.append(("club", clubs[code]))
    return keys


def keep(session: Session, plan: ListPlan, name: str, staff_id: int, now: datetime) -> StaticList:
    """Write the good rows under a name; CampaignError: "name_taken", "empty_list"."""
    if not plan.ready:
        raise CampaignError("empty_list")
    if session.scalar(select(StaticList.id).where(StaticList.name == name)) is not None:
        raise CampaignError("name_taken")
    row = StaticList(name=name, created_at=now, created_by=staff_id)
    session.add(row)
    session.flush()
    rows = [{"list_id": row.id, "contact_id": id_, "club_id": None} for id_ in plan.contacts]
    session.execute(insert(ListEntry), rows + [{"list_id": row.id, "contact_id": None, "club_id": id_} for id_ in plan.clubs])
    return row


def kept(session: Session, also: Collection[int] = ()) -> list[StaticList]:
    """The lists on offer, with those of `also` whatever became of them, by name."""
    offered = or_(StaticList.put_away_at.is_(None), StaticList.id.in_(also))
    return list(session.scalars(select(StaticList).where(offered).order_by(StaticList.name)))


def sizes(session: Session) -> dict[int, tuple[int, int]]:
    """How many numbers and clubs each list holds."""
    numbers: Counter[int] = Counter()
    clubs: Counter[int] = Counter()
    for list_id, club_id in session.execute(select(ListEntry.list_id, ListEntry.club_id)):
        (numbers if club_id is None else clubs)[list_id] += 1
    return {id_: (numbers[id_], clubs[id_]) for id_ in numbers | clubs}
