"""What a form sent, read field by field; each error is kept with its field and what was typed stays as it was typed.

Pages show the errors twice (macros.html): a linked summary on top and a line at the field.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from math import ceil
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import flash, g, redirect, render_template, request
from werkzeug.datastructures import FileStorage

from console.access import Answer, visitor
from console.edge import reading, writing
from console.once import own_page
from console.staff import Draft
from console.words import _, time_zone

Choice = TypeVar("Choice", bound=StrEnum)
MOST = 2000


class Typed:
    """The fields of one form: as sent, as drafted, or as they stand in the database."""

    def __init__(self, values: Mapping[str, Any] | None = None, *, sent: bool = False) -> None:
        self._values = {name: _as_list(value) for name, value in (values or {}).items()}
        self.sent = sent
        self.errors: dict[str, str] = {}

    @classmethod
    def sent_or(cls, otherwise: Mapping[str, Any] | None = None) -> "Typed":
        """What this request posted, or `otherwise` on a GET."""
        if request.method != "POST":
            return cls(otherwise)
        return cls({name: values for name, values in request.form.lists() if not name.startswith("_")}, sent=True)

    def value(self, name: str) -> str:
        """The field as text, "" when absent."""
        return (self._values.get(name) or [""])[0]

    def many(self, name: str) -> list[str]:
        """All values of a field with several."""
        return list(self._values.get(name, []))

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.value(name) not in ("", "0")

    def wrong(self, name: str, message: str) -> None:
        """Keep an error: what happened, then what to do. The first one of a field stays."""
        self.errors.setdefault(name, message)

    def text(self, name: str, *, needed: str | None = None, most: int = MOST) -> str:
        """A text without spaces around; `needed` is the error when it is empty."""
        value = self.value(name).strip()
        if not value and needed:
            self.wrong(name, needed)
        if len(value) > most:
            self.wrong(name, _("Ce texte a %(n)s caractères. Il en faut %(most)s au plus.", n=len(value), most=most))
        return value

    def whole(
        self, name: str, *, needed: str | None = None, least: int = 0, most: int = 2_000_000_000, otherwise: int = 0
    ) -> int:
        """A whole number; spaces inside are allowed."""
        value = self.text(name, needed=needed).replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
        if not value:
            return otherwise
        if not value.isascii() or not value.isdigit() or not least <= int(value[:12]) <= most:
            self.wrong(name, _("Écrivez un nombre entier entre %(least)s et %(most)s.", least=least, most=most))
            return otherwise
        return int(value)

    def one_of(self, name: str, allowed: Collection[str], *, needed: str | None = None) -> str:
        """One of some values, "" when absent and not needed."""
        value = self.text(name, needed=needed)
        if value and value not in allowed:
            self.wrong(name, _("Ce choix n'existe pas. Choisissez dans la liste."))
            return ""
        return value

    def kind(self, name: str, kind: type[Choice], otherwise: Choice) -> Choice:
        """A member of a StrEnum; `otherwise` when absent or, with an error, unknown."""
        value = self.one_of(name, [member.value for member in kind])
        return kind(value) if value else otherwise

    def day(self, name: str, *, needed: str | None = None) -> date | None:
        """A day, as browsers send it (2026-11-21) or as people write it (21/11/2026)."""
        value = self.text(name, needed=needed)
        if not value:
            return None
        for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(value, pattern).date()  # noqa: DTZ007  # a day has no zone
            except ValueError:
                continue
        self.wrong(name, _("Cette date n'est pas lisible. Écrivez par exemple 21/11/2026."))
        return None

    def hour(self, name: str, *, needed: str | None = None) -> str | None:
        """An hour of the day as HH:MM, from 16:30, 16h30 or 16h."""
        value = self.text(name, needed=needed)
        hour, _colon, minute = value.replace("h", ":").replace(" ", "").partition(":")
        if not value:
            return None
        if not (hour.isdecimal() and int(hour) < 24 and (minute or "0").isdecimal() and int(minute or 0) < 60):
            self.wrong(name, _("Cette heure n'est pas lisible. Écrivez par exemple 16:30."))
            return None
        return f"{int(hour):02}:{int(minute or 0):02}"

    def moment(self, name: str, *, needed: str | None = None) -> datetime | None:
        """A moment from a datetime-local field, read in the page's time zone, in UTC."""
        value = self.text(name, needed=needed)
        if not value:
            return None
        try:
            local = datetime.fromisoformat(value)
        except ValueError:
            self.wrong(name, _("Cette date n'est pas lisible. Écrivez par exemple 2026-11-21T08:00."))
            return None
        return local.replace(tzinfo=ZoneInfo(time_zone())).astimezone(UTC)

    def file(self, name: str, *, needed: str | None = None) -> FileStorage | None:
        """An uploaded file."""
        found = request.files.get(name)
        if found is None or not found.filename:
            if needed:
                self.wrong(name, needed)
            return None
        return found


def _as_list(value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return ["1"]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(each) for each in value]
    return [str(value)]


def render(template: str, **values: Any) -> str:
    """A page."""
    return render_template(template, **values)


def done(address: str, message: str | None = None) -> Answer:
    """Say what was done, forget the draft of the form, and go on."""
    if message:
        flash(message, "done")
    if form := request.form.get("_draft"):
        forget_draft(form)
    return redirect(address, code=303)


def back(otherwise: str = "/") -> str:
    """The page on which the button stood."""
    return own_page(request.form.get("_page") or otherwise)


def draft(form: str) -> dict[str, list[str]] | None:
    """What this person was typing in `form`, if it was never sent; the page says so above the form."""
    someone = visitor()
    if someone is None or request.method == "POST":
        return None
    with reading() as session:
        row = session.query(Draft).filter_by(staff_id=someone.id, form=form[:120]).one_or_none()
    if row is None:
        return None
    g.draft_from = row.saved_at
    return dict(row.fields)


def forget_draft(form: str) -> None:
    """The form was sent, or its author begins again."""
    someone = visitor()
    if someone is None:
        return
    with writing() as session:
        session.query(Draft).filter_by(staff_id=someone.id, form=form[:120]).delete()


@dataclass(frozen=True)
class Page:
    """One page of a long list; `number` from 1."""

    number: int
    total: int
    size: int = 50

    @classmethod
    def asked(cls, total: int, size: int = 50) -> "Page":
        """The page the address asks for, within what there is."""
        asked = request.args.get("page", 1, type=int) or 1
        return cls(min(max(asked, 1), max(ceil(total / size), 1)), total, size)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    limit = property(lambda self: self.size)

    @property
    def count(self) -> int:
        """How many pages there are."""
        return max(ceil(self.total / self.size), 1)
