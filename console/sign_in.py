"""Signing in: Flask-Security with a username, our own session rows, and a delay that grows with each wrong password.

The library's pages write through one scoped session, which must never stand open while another transaction writes: on SQLite
writers queue, and a request would wait for itself.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, request, session
from flask_login import user_logged_out  # type: ignore[import-untyped]  # publishes no types
from flask_security import Security, user_authenticated
from flask_security.forms import LoginForm
from flask_security.utils import set_request_attr
from wtforms import StringField  # type: ignore[import-untyped]  # the library publishes no types

from console.access import Answer
from console.credentials import PASSWORD_LEAST, as_compared
from console.edge import exchange, reading, wall_time, writing
from console.staff import Role, Staff, StaffSession, WrongSignIn, plain_sessions
from console.store import OnceOnly, StaffStore
from console.words import _, lazy
from runtime import audit
from runtime.crypto import blind
from runtime.database import Session, put_once
from runtime.settings import Settings

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
TOUCH = timedelta(minutes=1)  # last seen is written at most this often
FREE_TRIES, LONGEST_WAIT, FORGOTTEN = 3, timedelta(minutes=15), timedelta(days=1)


_LIBRARY = {
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "WTF_CSRF_TIME_LIMIT": None,  # a text written slowly must not be refused
    "WTF_CSRF_CHECK_DEFAULT": False,  # console/doors.py asks for it, with webhooks and the API left out
    "SECURITY_USER_IDENTITY_ATTRIBUTES": [{"username": {"mapper": as_compared, "case_insensitive": True}}],
    "SECURITY_LOGIN_URL": "/connexion",
    "SECURITY_LOGOUT_URL": "/deconnexion",
    "SECURITY_VERIFY_URL": "/connexion/verifier",
    "SECURITY_TWO_FACTOR_SETUP_URL": "/connexion/code/installer",
    "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/connexion/code",
    "SECURITY_TWO_FACTOR_RESCUE_URL": "/connexion/code/aide",
    "SECURITY_TWO_FACTOR_SELECT_URL": "/connexion/code/choix",
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL": "/connexion/codes-de-secours",
    "SECURITY_MULTI_FACTOR_RECOVERY_URL": "/connexion/code-de-secours",
    "SECURITY_POST_LOGOUT_VIEW": "/connexion",
    "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/compte",
    "SECURITY_POST_VERIFY_VIEW": "/compte",
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__type": "id",
        "argon2__memory_cost": 19456,
        "argon2__time_cost": 2,
        "argon2__parallelism": 1,
    },
    "SECURITY_PASSWORD_LENGTH_MIN": PASSWORD_LEAST,
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
    "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
    "SECURITY_TWO_FACTOR_ALWAYS_VALIDATE": True,
    "SECURITY_TOTP_ISSUER": "Lamɛn",
    "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
    "SECURITY_SEND_REGISTER_EMAIL": False,
    "SECURITY_FRESHNESS": timedelta(hours=1),
    "SECURITY_CACHE_CONTROL": None,
}


def configure(app: Flask, settings: Settings) -> None:
    """The sign-in library's settings."""
    app.config.update(
        _LIBRARY,
        SECRET_KEY=settings.secret_key or blind("console:cookies").hex(),
        SESSION_COOKIE_NAME="lamen" if settings.insecure_http else "__Host-lamen",
        SESSION_COOKIE_SECURE=not settings.insecure_http,
        SECURITY_TOTP_SECRETS={"1": blind("console:second-factor").hex()},
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[_fernet_key()],
    )


def _fernet_key() -> bytes:
    return base64.urlsafe_b64encode(blind("console:recovery-codes"))


class SignInForm(LoginForm):
    """A name and a password; one answer whether or not the account exists, and a wait that grows."""

    email = None
    username = StringField(lazy("Nom d'utilisateur"))

    def validate(self, **arguments: Any) -> bool:
        """Refuse while the account must wait; count a wrong password, forget them after a right one."""
        store = staff_store()
        self.ifield = self.username
        name = as_compared(self.username.data or "")
        staff = store.of(username=name) if name else None
        self.user = staff
        index = blind(f"console:sign-in:{name}")
        wait = waiting(staff or store.db.session.get(WrongSignIn, index), wall_time())
        if wait:
            self._refuse(_("Trop d'essais. Attendez %(n)s s, puis recommencez.", n=int(wait.total_seconds()) + 1))
            return False
        right: bool = super().validate(**arguments)
        if not right:
            count_wrong(staff or _nobody(store, index, wall_time()), wall_time())
            store.keep()
        if not right:
            self._refuse(_("Le nom ou le mot de passe est faux. Vérifiez les deux, puis recommencez."))
        return right

    def _refuse(self, message: str) -> None:
        self.username.errors, self.password.errors, self.form_errors = [], [], [message]


def waiting(row: Staff | WrongSignIn | None, now: datetime) -> timedelta | None:
    """How long the name must still wait before another try."""
    if row is None or row.refused_until is None or row.refused_until <= now:
        return None
    return row.refused_until - now


def count_wrong(row: Staff | WrongSignIn, now: datetime) -> None:
    """One more wrong password: the first two cost nothing, then 2, 4, 8 … seconds, a quarter of an hour at most.

    After a day without a try they are forgotten, for every name alike.
    """
    if row.refused_until is not None and now - row.refused_until > FORGOTTEN:
        row.failed_sign_ins = 0
    row.failed_sign_ins += 1
    over = row.failed_sign_ins - FREE_TRIES
    wait = timedelta(seconds=2 ** min(over + 1, 20)) if over >= 0 else timedelta()
    row.refused_until = now + min(wait, LONGEST_WAIT)


def _nobody(store: StaffStore, index: bytes, now: datetime) -> WrongSignIn:
    """The row of a name that nobody has; old ones go, so that guessing does not fill the table for ever."""
    session = store.db.session
    session.query(WrongSignIn).filter(WrongSignIn.refused_until < now - FORGOTTEN).delete(synchronize_session=False)
    session.expire_all()
    if session.get(WrongSignIn, index) is None:
        put_once(session, WrongSignIn(name_index=index, failed_sign_ins=0), index)
    row: WrongSignIn = session.get(WrongSignIn, index)
    return row


def staff_store() -> StaffStore:
    """The sign-in library's own way to the rows; commit it before any other transaction writes."""
    store: StaffStore = current_app.extensions["lamen_staff"]
    return store


def install(app: Flask) -> None:
    """Put the sign-in library into the application."""
    sessions = plain_sessions(lambda: exchange().database)
    store = StaffStore(sessions, Staff, Role)
    app.extensions["lamen_staff"] = store
    security = Security(app, store, login_form=SignInForm, totp_cls=OnceOnly)
    security._want_json = lambda _request: False  # pages only: the API has its own tokens
    app.login_manager.user_loader(_load)  # type: ignore[attr-defined]  # set by the library
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_end, app)

    @app.teardown_appcontext
    def _close(_error: BaseException | None) -> None:
        sessions.remove()


def two_factor_first(staff: Staff) -> Answer | None:
    """The way to the second factor when this person needs one; None to sign in at once."""
    security: Security = current_app.extensions["security"]
    answer: Answer | None = security.two_factor_plugins.tf_enter(staff, False, "link", next_loc="/")
    return answer


def _begin(_app: Flask, user: Staff, **_others: Any) -> None:
    """Somebody signed in: a session row with a new token, in the library's own transaction."""
    at, token, store = wall_time(), secrets.token_urlsafe(24), staff_store()
    session["sid"], session["last_staff"] = token, user.id
    session.pop("unsent", None)
    user.failed_sign_ins, user.refused_until = 0, None
    store.db.session.add(user)
    browser = _browser(request.user_agent.string)
    store.db.session.add(StaffSession(staff_id=user.id, token_index=blind(token), began_at=at, seen_at=at, browser=browser))
    audit.record(store.db.session, at, "signed_in", "staff", user.id, staff_id=user.id)


def _end(_app: Flask, **_others: Any) -> None:
    """Somebody signed out: a copy of the cookie must not sign them in again."""
    store, token = staff_store(), session.pop("sid", "")
    rows = store.db.session.query(StaffSession).filter_by(token_index=blind(token), ended_at=None)
    rows.update({"ended_at": wall_time()})
    store.keep()


def _browser(agent: str) -> str:
    """A few words its owner recognises: « Firefox, Android »."""
    names = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux", "KaiOS")
    name = next((name for sign, name in names if sign in agent), "")
    return ", ".join(word for word in (name, next((system for system in systems if system in agent), "")) if word)


def _load(identity: str) -> Staff | None:
    """The staff row behind the cookie, while its session row lives; detached, so that no page holds a transaction."""
    token = session.get("sid")
    if not token:
        return None
    with reading() as transaction:
        row = transaction.query(StaffSession).filter_by(token_index=blind(token)).one_or_none()
        staff = None if row is None else transaction.get(Staff, row.staff_id)
    if row is None or staff is None or staff.fs_uniquifier != identity or not alive(row, wall_time()) or not staff.active:
        return None
    if wall_time() - row.seen_at > TOUCH:
        with writing() as transaction:
            transaction.query(StaffSession).filter_by(id=row.id).update({"seen_at": wall_time()})
    # The library's own pages ask how somebody is signed in, and since when.
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    if request.blueprint == "security":  # its pages change the row: give it the one of their own transaction
        return staff_store().of(id=staff.id)
    return staff


def alive(row: StaffSession, now: datetime) -> bool:
    """Whether a session still counts: 30 minutes without a page, 12 hours in all."""
    return row.ended_at is None and now - row.seen_at <= IDLE and now - row.began_at <= LONGEST


def end_sessions(transaction: Session, staff_id: int, now: datetime, *, but: str | None = None) -> int:
    """End the sessions of somebody, but the one of token `but`; how many ended."""
    rows = transaction.query(StaffSession).filter_by(staff_id=staff_id, ended_at=None)
    if but is not None:
        rows = rows.filter(StaffSession.token_index != blind(but))
    return rows.update({"ended_at": now})
