"""The console's words: French msgids, English in the catalog, and French spacing added on the way to the page.

Authors write ordinary spaces before : ; ? ! and inside « »: made non-breaking here, they never reach an SMS.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import flask_babel  # type: ignore[import-untyped]  # no py.typed; everybody else takes words from here
from flask import Flask, g, has_request_context, session
from markupsafe import Markup

LANGUAGES: Mapping[str, str] = {"fr": "Français", "en": "English"}
NARROW, NBSP = "\u202f", "\u00a0"
_BEFORE = re.compile(r"(?<=[^\s:;?!«»]) (?=[;?!])")
_COLON = re.compile(r"(?<=\S) (?=:(?:\s|$|<))|(?<=«) | (?=»)")
_THOUSANDS = re.compile(r"(?<=\d) (?=(?:FCFA|%|h|min|s|Ko|Mo)\b)")


def language() -> str:
    """The language of this page, from an allow-list: an unknown one would be an error 500 in Babel. Commands speak French."""
    if not has_request_context():
        return "fr"
    person = g.get("person")
    asked = person.language if person is not None else session.get("language")
    return str(asked) if asked in LANGUAGES else "fr"


def install(app: Flask, zone: str) -> None:
    """Put the languages into the application, and our spacing between the catalog and the templates."""
    app.config["BABEL_DEFAULT_TIMEZONE"] = zone
    flask_babel.Babel(app, locale_selector=language, default_locale="fr", default_timezone=zone)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=False)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(_=_, gettext=gettext, ngettext=ngettext)


def spaced(text: str) -> str:
    """French spacing, on a page in French; other languages as they are."""
    if language() != "fr":
        return text
    done = _THOUSANDS.sub(NBSP, _COLON.sub(NBSP, _BEFORE.sub(NARROW, str(text))))
    return Markup(done) if isinstance(text, Markup) else str(done)  # noqa: S704  # was markup before, only spaces changed


def bare(text: str) -> str:
    """`text` with ordinary spaces again, for a terminal or a file."""
    return str(text).replace(NARROW, " ").replace(NBSP, " ")


def _(message: str, **values: Any) -> str:
    """The page's words for `message`, with %(name)s replaced."""
    return spaced(flask_babel.gettext(message, **values))


gettext = _


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """As `_`, by number; %(num)s stands for it, grouped."""
    words = one if abs(num) < 2 else many
    if language() != "fr":  # without a catalog of its own, French would say « 0 messages »
        words = flask_babel.get_translations().ungettext(one, many, num)
    return spaced(words % {"num": whole(num), **values})


def lazy(message: str) -> Any:
    """Words chosen when shown, for what is written before a request comes."""
    return flask_babel.lazy_gettext(message)


def time_zone() -> str:
    """The zone dates are shown and typed in."""
    return str(flask_babel.get_timezone())


def moment(value: datetime | None) -> str:
    """« samedi 21 novembre, 8 h » in Bamako's time; "" for None."""
    if value is None:
        return ""
    local = flask_babel.to_user_timezone(value.astimezone(UTC))
    return f"{_weekday(local)}, {clock(value)}"


def clock(value: datetime | None) -> str:
    """« 8 h » or « 8 h 05 »."""
    if value is None:
        return ""
    local = flask_babel.to_user_timezone(value.astimezone(UTC))
    if language() != "fr":
        return f"{local:%H:%M}"
    return f"{local.hour}{NBSP}h" + (f"{NBSP}{local.minute:02}" if local.minute else "")


def day(value: date | datetime | None) -> str:
    """« samedi 21 novembre »; "" for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = flask_babel.to_user_timezone(value.astimezone(UTC))
    return _weekday(value)


def month(value: date) -> str:
    """« novembre 2026 »."""
    return str(flask_babel.format_date(value, "MMMM y", rebase=False))


def _weekday(value: date) -> str:
    near = abs(value.toordinal() - datetime.now(UTC).date().toordinal()) < 300
    said = str(flask_babel.format_date(value, "EEEE d MMMM" if near else "EEEE d MMMM y", rebase=False))
    # Babel knows no « 1er », which is how French says the first of a month.
    return said.replace(" 1 ", " 1er ", 1) if value.day == 1 and language() == "fr" else said


def whole(value: float | None) -> str:
    """12 500, with the page's grouping; "" for None."""
    return "" if value is None else str(flask_babel.format_decimal(value, "#,##0"))


def number(value: float | None, places: int = 1, *, signed: bool = False) -> str:
    """« 0,96 » in French, 0.96 in English, grouped, without zeros at the end; with `signed`, a plus says that it grew."""
    if value is None:
        return ""
    pattern = "#,##0" + ("." + "#" * places if places else "")
    return str(flask_babel.format_decimal(value, f"+{pattern};-{pattern}" if signed and round(value, places) else pattern))


def francs(value: int | None) -> str:
    """« 12 500 FCFA »; "" for None."""
    return "" if value is None else f"{whole(value)}{NBSP}FCFA"


def since(value: datetime | None, now: datetime) -> str:
    """« il y a 3 min »; "" for None."""
    if value is None:
        return ""
    passed: timedelta = value - now
    return str(flask_babel.format_timedelta(passed, add_direction=True))
