"""The one file that knows every other: it puts the parts together and registers pages, webhooks, commands, work and beats."""

import importlib
import importlib.util
import os
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

from flask import Flask
from sqlalchemy import MetaData
from werkzeug.test import Client

import campaigns.models
import clubs.models
import clubs.records
import console.staff
import messaging.models
import results.models
import runtime.audit
import runtime.installation
import translations.models  # noqa: F401
from runtime import crypto
from runtime.database import Base, Database
from runtime.settings import Settings, load
from runtime.work import Immediate, Inline, WorkEngine


def metadata() -> MetaData:
    """Every table of every package."""
    return Base.metadata


def _part(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception as error:  # temporary, while packages are being written
        warnings.warn(f"{name}: {error!r}", stacklevel=2)
        return None


def create_app(settings: Settings | None = None, *, database: Database | None = None, work: WorkEngine | None = None) -> Flask:
    """The service as a WSGI application."""
    settings = settings or load()
    if database is None:
        crypto.use(crypto.load_keys(settings.key_path))
    app = Flask("lamen", static_folder=os.path.abspath("console/static"), template_folder=os.path.abspath("console/templates"))
    app.config["SECRET_KEY"] = settings.secret_key or "temporary"
    app.extensions["lamen"] = _exchange(app, settings, database or Database(settings.database_url), work or Immediate())
    for name, attribute in (
        ("webhooks.routes", "blueprint"),
        ("console.frame", "register"),
        ("console.api", "register"),
        ("console.commands", "register"),
    ):
        part = _part(name)
        found = getattr(part, attribute, None)
        if found is None:
            continue
        if attribute == "blueprint":
            app.register_blueprint(found)
        else:
            found(app)
    return app


def _exchange(app: Flask, settings: Settings, database: Database, work: WorkEngine) -> Any:
    part = _part("messaging.exchange")
    kind = getattr(part, "Exchange", SimpleNamespace)
    return kind(settings=settings, database=database, gateways=_gateways(app), work=work)


def _gateways(app: Flask) -> dict[str, Any]:
    part = _part("messaging.gateways.simulator")
    if part is None:
        return {}

    def post(path: str, form: dict[str, str]) -> Any:
        return Client(app).post(path, data=form)

    return {"simulator": part.Simulator(post)}
