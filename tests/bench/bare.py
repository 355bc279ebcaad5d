"""The floor under receiving: a Flask application that stores one row a request and does nothing else, for `make bench`."""

import os
import sqlite3
import threading

import psycopg
from flask import Flask, request

INSERT = "INSERT INTO bare (text) VALUES ({})"
URL = os.environ.get("BARE_URL", "")


class _Own(threading.local):
    """One connection a thread, as any server would hold."""

    def __init__(self) -> None:
        self.sqlite = URL.startswith("sqlite")
        if self.sqlite:
            self.connection: sqlite3.Connection | psycopg.Connection = sqlite3.connect(URL.removeprefix("sqlite:///"), timeout=30)
            self.connection.execute("PRAGMA synchronous=FULL")
        else:
            self.connection = psycopg.connect(URL.replace("postgresql+psycopg", "postgresql"))


def prepare(url: str) -> None:
    """Make the one table."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)")
        return
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bare (id bigserial PRIMARY KEY, text text)")


def app() -> Flask:
    """What granian calls."""
    bare, own = Flask("bare"), _Own()

    @bare.post("/sms")
    def sms() -> str:
        connection = own.connection
        connection.execute(INSERT.format("?" if own.sqlite else "%s"), (request.form["text"],))
        connection.commit()
        return ""

    return bare
