"""The commands about the service itself."""

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from messaging.exchange import Exchange
from runtime.audit import AuditEntry
from runtime.clock import ClockLease, jumped


def test_a_person_says_that_the_clock_is_right_and_it_is_written_down(app: Flask, exchange: Exchange, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(ClockLease(name="clock", jumped_at=now))
    run = app.test_cli_runner().invoke
    assert "reprennent" in run(args=["trust-clock"]).output
    assert "rien à faire" in run(args=["trust-clock"]).output
    with exchange.database.reading() as session:
        assert jumped(session) is None
        assert [entry.action for entry in session.scalars(select(AuditEntry))] == ["clock.trust"]
