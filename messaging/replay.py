"""Webhooks kept in the spool while the database was away, taken up again in the order they came.

Until the last is stored nothing is claimed: one of them may be a STOP.
"""

import base64
from datetime import datetime
from typing import Any

import structlog

from messaging import intake
from messaging.away import is_away
from messaging.exchange import Exchange
from messaging.gateways.protocol import Refused, WebhookRequest
from runtime import spool

log = structlog.get_logger(__name__)


def spool_request(exchange: Exchange, token: str, kind: str, request: WebhookRequest, now: datetime) -> None:
    """Keep one webhook, still unverified, on disk; SpoolError when that fails too."""
    spool.keep(
        exchange.settings.var,
        {
            "token": token,
            "kind": kind,
            "method": request.method,
            "path": request.path,
            "url": request.url,
            "query": request.query,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
            "form": [list(pair) for pair in request.form],
            "at": now.isoformat(),
        },
    )


def replay(exchange: Exchange, now: datetime) -> int:
    """Every 10 s: store what waits; how many were. Stops at the first that the database does not take."""
    done = 0
    for kept in spool.read(exchange.settings.var):
        try:
            _take(exchange, kept.body)
        except Refused:
            log.warning("spool.refused", name=kept.name)
        except Exception as error:
            if is_away(error):
                log.warning("spool.waits", name=kept.name)
                break
            # One webhook we cannot digest must not keep everything else from being sent; it stays on disk for staff.
            log.exception("spool.failed", name=kept.name)
            spool.set_aside(exchange.settings.var, kept.name)
            continue
        spool.remove(exchange.settings.var, kept.name)
        done += 1
    return done


def _take(exchange: Exchange, body: dict[str, Any]) -> None:
    at = datetime.fromisoformat(body["at"])
    request = WebhookRequest(
        method=body["method"],
        path=body["path"],
        url=body["url"],
        query=body["query"],
        headers=body["headers"],
        body=base64.b64decode(body["body"]),
        form=tuple((name, value) for name, value in body["form"]),
        at=at,
    )
    known = intake.identify(exchange, body["token"], at)
    if known is None:
        raise Refused("no such token")
    known.gateway.verify(known.account, request)
    if body["kind"] == "sms":
        intake.take_sms(exchange, known, request, at)
    elif body["kind"] == "status":
        intake.take_status(exchange, known, request, at)
    elif body["kind"] == "recording":
        intake.take_recording(exchange, known, request, at)
