"""The sign-in library's store and codes, with what the library leaves open: a code counts once, a recovery code is struck out."""

from typing import Any, cast

from flask_security.core import UserMixin
from flask_security.datastore import SQLAlchemySessionUserDatastore
from flask_security.totp import Totp

from console.staff import Staff


class StaffStore(SQLAlchemySessionUserDatastore):
    """The library's store, with our own types."""

    def of(self, **by: str | int) -> Staff | None:
        """The member of staff with this username (in small letters) or id."""
        return cast("Staff | None", self.find_user(case_insensitive=False, **by))

    def mf_delete_recovery_code(self, user: UserMixin, idx: int) -> bool:
        """Strike a code out. The library changes the list in place, which a JSON column does not notice: it would live on."""
        codes = list(user.mf_recovery_codes or [])
        user.mf_recovery_codes = codes[:idx] + codes[idx + 1 :]
        return len(user.mf_recovery_codes) < len(codes)

    def keep(self) -> None:
        """Commit, which frees the writers' queue."""
        self.db.session.commit()


class OnceOnly(Totp):
    """Codes of the telephone's application; one that was used is refused for the rest of its half minute."""

    def get_last_counter(self, user: UserMixin) -> int | None:
        """The half minute of the last code accepted."""
        return cast("Staff", user).tf_last_counter

    def set_last_counter(self, user: UserMixin, tmatch: Any) -> None:
        """Remember the half minute of the code just accepted; the page commits it."""
        cast("Staff", user).tf_last_counter = tmatch.counter
