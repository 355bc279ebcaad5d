"""Rows about staff and how they sign in: the one place where the sign-in library's models and SQLAlchemy meet in the console.

Capabilities (langue, suivi, protection) are roles too: alone or added to another.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, UniqueConstraint, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship, scoped_session

from runtime.crypto import Sealed
from runtime.database import Base, Database, Id, Json, Session
from runtime.installation import Installation


class RoleName(StrEnum):
    """What a member of staff may do; console/access.py says which page asks for which."""

    ADMINISTRATION = "administration"
    COMMUNICATION = "communication"
    VALIDATION = "validation"
    TERRAIN = "terrain"
    LECTURE = "lecture"
    LANGUE = "langue"
    SUIVI = "suivi"
    PROTECTION = "protection"


# The demonstration's two accounts: their approvals stay there, and nobody who works here stands behind them.
INVENTED = ("demo.langue", "demo.validation")

staff_role = Table(
    "staff_role",
    Base.metadata,
    Column("staff_id", ForeignKey("staff.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)

staff_village = Table(
    "staff_village",
    Base.metadata,
    Column("staff_id", ForeignKey("staff.id"), primary_key=True),
    Column("village_id", ForeignKey("village.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """One role or capability."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(24), unique=True)
    description: Mapped[str | None] = mapped_column(String(120))


class Staff(Base, UserMixin):
    """A console user; `villages` limits the Terrain role to its own."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(255), unique=True)  # type: ignore[assignment]  # nobody needs an address here
    display_name: Mapped[str] = mapped_column(String(80))
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ui_language: Mapped[str] = mapped_column(String(5), default="fr")
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(Sealed("staff:tf_totp_secret"))
    tf_last_counter: Mapped[int | None]
    mf_recovery_codes: Mapped[list[str] | None]
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    refused_until: Mapped[datetime | None]
    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]  # of our own rows
        secondary=staff_role, lazy="selectin"
    )

    def check_tf_required_setup(self) -> bool:
        """Whether signing in must first set a second factor up: two roles, and only where messages really leave.

        In a simulation it is each person's own choice, so that the demonstration opens without a telephone at hand.
        """
        if not {role.name for role in self.roles} & {RoleName.ADMINISTRATION, RoleName.VALIDATION}:
            return False
        session = object_session(self)
        row = None if session is None else session.get(Installation, 1)
        return row is not None and not row.simulation

    def check_tf_required(self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool) -> tuple[bool, list[tuple[str, str]]]:
        """The sign-in library asks this after the password: a code is wanted of all who set one up, and of those who must."""
        return bool(tf_setup_methods) or self.check_tf_required_setup(), tf_setup_methods


class SignInLink(Base):
    """A link that signs in once, for a first start or a forgotten password; only its blind index is kept."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WrongSignIn(Base):
    """Wrong passwords under a name that nobody has: it must wait like one that exists, or the wait would tell names apart."""

    __tablename__ = "wrong_sign_in"

    name_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    refused_until: Mapped[datetime | None] = mapped_column(index=True)


class StaffSession(Base):
    """One browser signed in: found by its token's blind index, ended by its owner, by disabling the account, or by time."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(String(80), default="")


class ApiToken(Base):
    """A bearer token of the API, shown once; only its blind index is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    token_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[list[str]] = mapped_column(default=list)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    window_began: Mapped[datetime | None]  # uses are counted here, since every process must see the same count
    window_uses: Mapped[int] = mapped_column(default=0)


class ApiRequest(Base):
    """What a token asked for under an Idempotency-Key, and the campaign it made: the same request again makes no other."""

    __tablename__ = "api_request"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(128))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))


class FormToken(Base):
    """The one-time token of a form that was sent: a second sending of the same form does nothing again."""

    __tablename__ = "form_token"
    __table_args__ = (UniqueConstraint("token"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(64))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    used_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(String(400))  # where the first sending led


class Draft(Base):
    """What somebody was typing in a form, kept until it is sent."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("staff_id", "form"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    form: Mapped[str] = mapped_column(String(120))
    saved_at: Mapped[datetime]
    fields: Mapped[Json]


def plain_sessions(database: Callable[[], Database]) -> "scoped_session[Session]":
    """Sessions for the sign-in library's own pages; they write, so each request must commit or remove its own soon."""
    return scoped_session(lambda: Session(database().engine, expire_on_commit=False))  # type: ignore[arg-type]  # any maker will do


def names_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The names of these members of staff, by id."""
    rows = session.query(Staff).filter(Staff.id.in_(ids))
    return {row.id: row.display_name for row in rows}


def village_ids(session: Session, staff_id: int) -> frozenset[int]:
    """The villages a member of staff was given."""
    return frozenset(session.scalars(select(staff_village.c.village_id).where(staff_village.c.staff_id == staff_id)))


def give_villages(session: Session, staff_id: int, villages: frozenset[int]) -> None:
    """Replace the villages a member of staff was given."""
    session.execute(delete(staff_village).where(staff_village.c.staff_id == staff_id))
    if villages:
        session.execute(insert(staff_village), [{"staff_id": staff_id, "village_id": village} for village in sorted(villages)])


def give_roles(session: Session, staff: Staff, names: set[RoleName]) -> None:
    """Replace the roles of a member of staff; role rows are made on first use."""
    known = {role.name: role for role in session.scalars(select(Role))}
    for name in names:
        if name not in known:
            known[name] = Role(name=name.value)
            session.add(known[name])
    staff.roles = [known[name] for name in sorted(names)]
    session.flush()


def take_token(session: Session, token: str, staff_id: int | None, now: datetime) -> FormToken | None:
    """Mark a form's token as used; None when it was used before, also by a request running at this moment."""
    row = FormToken(token=token, staff_id=staff_id, used_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return None
    return row


def take_key(session: Session, token_id: int, key: str, digest: str, now: datetime) -> tuple[ApiRequest, bool]:
    """The row of an Idempotency-Key and whether it is new; a request running at this moment is waited for, then found."""
    row = ApiRequest(token_id=token_id, key=key, digest=digest, made_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return session.query(ApiRequest).filter_by(token_id=token_id, key=key).one(), False
    return row, True
