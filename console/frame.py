"""The console's frame: `register(app, settings)` puts sign-in, doors, words and every page into the application.

Pages are found, not listed: each module of console/pages, and of its folders, that holds a `pages` is registered.
"""

import hashlib
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, g, get_flashed_messages, request, session, url_for

from console import catalogs, content_words, doors, nav, reviewing, roles, sign_in, words
from console import pages as package
from console.access import Pages, visitor
from console.edge import reading
from console.once import new_token
from console.staff import RoleName
from runtime.installation import Installation

if TYPE_CHECKING:
    from runtime.settings import Settings

HERE = Path(__file__).parent
VENDOR = {"pico": "vendor/pico.classless-2.1.1.min.css", "htmx": "vendor/htmx-2.0.11.min.js"}


def register(app: Flask, settings: "Settings") -> None:
    """Make the console part of `app`; its pages work on the exchange in `app.extensions["lamen"]`."""
    app.template_folder = str(HERE / "templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.sound_megabytes * 2**20  # Flask's own default is there already, and no limit
    app.config.update(BABEL_DEFAULT_LOCALE="fr", BABEL_TRANSLATION_DIRECTORIES=str(catalogs.folder(settings)))
    _environment(app)
    sign_in.configure(app, settings)
    words.install(app, settings.timezone)
    doors.hang(app, settings)
    sign_in.install(app)
    for blueprint in found():
        app.register_blueprint(blueprint)


def found() -> list[Pages]:
    """Every page module's blueprint, by name."""
    blueprints: list[Pages] = []
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        pages = getattr(importlib.import_module(module.name), "pages", None)
        if isinstance(pages, Pages) and pages not in blueprints:
            blueprints.append(pages)
    return sorted(blueprints, key=lambda blueprint: blueprint.name)


def _environment(app: Flask) -> None:
    app.jinja_env.globals.update(asset=asset, once_token=new_token, R=RoleName, world=world, shown_contact=shown_contact)
    app.jinja_env.globals["reviews_waiting"] = reviewing.waiting
    app.jinja_env.filters.update(
        moment=words.moment,
        clock=words.clock,
        day=words.day,
        month=words.month,
        whole=words.whole,
        decimal=words.number,
        francs=words.francs,
        since=words.since,
        spaced=words.spaced,
        mask=masked,
        role_words=roles.role_words,
        sure=content_words.MARKS.__getitem__,
    )

    app.jinja_env.filters["pairs"] = lambda values: [(value, value) for value in values]

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {
            "visitor": visitor(),
            "nav": nav.entries(app, visitor()),
            "page_language": words.language(),
            "languages": words.LANGUAGES,
            "here": request.full_path.rstrip("?"),
            "flashed": get_flashed_messages,
        }


def masked(number: str | None) -> str:
    """76 •• •• 56."""
    from messaging.numbers import mask

    return "" if number is None else mask(number)


def shown_contact() -> int | None:
    """The contact whose number was asked for just before; it is shown on this one page."""
    if "shown" not in g:
        g.shown = session.pop("shown", None)
    found: int | None = g.shown
    return found


def world() -> Installation | None:
    """The installation's row for the banner: simulation or real, stopped or not."""
    with reading() as session:
        return session.get(Installation, 1)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for ever."""
    name = VENDOR.get(name, name)
    return url_for("static", filename=name, v=_digest(name))
