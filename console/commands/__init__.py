"""The command line: `flask --app wsgi …`.

Commands are found, not listed: each module of this folder that holds a `command` is registered. What is heavy to import, a
command imports when it runs.
"""

import importlib
import pkgutil

import click
from flask import Flask


def found() -> list[click.Command]:
    """Every module's command, by name."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    commands = [getattr(module, "command", None) for module in modules]
    return sorted((command for command in commands if isinstance(command, click.Command)), key=lambda command: command.name or "")


def register(app: Flask) -> None:
    """Put the commands into `app`."""
    for command in found():
        app.cli.add_command(command)
