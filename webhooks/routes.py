"""Where telephone providers call us: `/hooks/<token>/{sms,status,call,recording}`.

Size, token, signature, one transaction, answer: nothing here decides anything. A request that reached us is answered 2xx only
when it is stored, in the database or, while that is away, in the spool. Between the steps of calls their channel is remembered:
a signature is judged by what was last known, and the transaction that stores the step first makes sure that it still holds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import structlog
from flask import Blueprint, Flask, Response, current_app, request

from campaigns.apologies import Apologies
from campaigns.calls import on_calls
from messaging import call_events, intake, replay
from messaging.away import is_away
from messaging.call_intake import Answer, CallIntake
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep, GatewayError, Refused, WebhookRequest
from messaging.models import Call, Channel, Contact
from messaging.steps import Step
from runtime.database import Session
from runtime.spool import SpoolError

log = structlog.get_logger(__name__)
blueprint = Blueprint("webhooks", __name__, url_prefix="/hooks")

MOST_BYTES = 64 * 1024
MOST_FIELDS = 50
PAUSES = (0.1, 0.2, 0.4, 0.8)  # seconds between five tries, 1.5 in all; the app's WEBHOOK_PAUSES replaces them in tests
PATIENCE = 1.5

Take = Callable[[Exchange, intake.Known, WebhookRequest, datetime], None]


@blueprint.route("/<token>/sms", methods=["GET", "POST"])
def sms(token: str) -> Response:
    return _stored(token, "sms", intake.take_sms)


@blueprint.route("/<token>/status", methods=["GET", "POST"])
def status(token: str) -> Response:
    return _stored(token, "status", intake.take_status)


@blueprint.post("/<token>/recording")
def recording(token: str) -> Response:
    return _stored(token, "recording", intake.take_recording)


@blueprint.post("/<token>/call")
def call(token: str) -> Response:
    """A voice request: answered with the next steps; when ours fail, with an apology and the end of the call."""
    exchange, given = _exchange(), _request()
    if given is None:
        return Response(status=413)
    known, wall = _apologies().known(token), datetime.now(UTC)
    try:
        try:
            return _said(known, given, wall)
        except (Refused, intake.Changed):
            known = intake.remember(exchange, token, wall)
            if known is None:
                return Response(status=403)
            _apologies().meet(token, known)
            return _said(known, given, wall, fresh=True)
    except Refused:
        return Response(status=403)
    except Exception as error:  # a caller is on the line: silence would be worse than any apology
        if not is_away(error):
            log.exception("call.failed")
        known = known or _apologies().known(token)
        if known is not None and (waiting := _on_the_line(known, given)):
            body, content_type = known.gateway.render(_apologies().steps(known, waiting), 0)
            return Response(body, content_type=content_type)
        # Nobody listens to the answer, and nothing is stored: the provider must come again.
        return Response(status=503 if known is not None or is_away(error) else 500)


def _said(known: intake.Known | None, given: WebhookRequest, wall: datetime, fresh: bool = False) -> Response:
    """Verify, store and answer; Changed where a channel that is only remembered does not serve."""
    if known is None or (known.seen is None and not fresh):
        raise intake.Changed
    known.gateway.verify(known.account, given)
    # What was read a moment ago is as good as what would be read now; what is remembered must be compared.
    known = replace(known, seen=None) if fresh else known
    spoken = _calls().take(known, given, wall + known.moved)
    body, content_type = (spoken.body, spoken.content_type) if spoken else known.gateway.acknowledgement
    return Response(body, content_type=content_type)


def seat(app: Flask, exchange: Exchange) -> None:
    """Give `app` what its voice requests share."""
    apologies = Apologies()

    def converse(session: Session, exchange: Exchange, calls: Sequence[Call]) -> Answer:
        answer = on_calls(session, exchange, calls)

        def learning(call: Call, contact: Contact, channel: Channel, step: CallStep, now: datetime) -> tuple[Step, ...]:
            said = answer(call, contact, channel, step, now)
            apologies.learn(session, exchange, call, now)
            return said

        return learning

    app.extensions["lamen.apologies"] = apologies
    app.extensions["lamen.calls"] = CallIntake(exchange, converse)


def _on_the_line(known: intake.Known, given: WebhookRequest) -> str:
    """The id of the call that waits for our words; "" for a request that is none of this channel's, or that nobody hears."""
    try:
        known.gateway.verify(known.account, given)
        step = known.gateway.read_call(known.account, given)
    except GatewayError:
        return ""
    return step.external_id if step.event in call_events.SPOKEN else ""


def _apologies() -> Apologies:
    return cast(Apologies, current_app.extensions["lamen.apologies"])


def _calls() -> CallIntake:
    return cast(CallIntake, current_app.extensions["lamen.calls"])


def _stored(token: str, kind: str, take: Take) -> Response:
    exchange, given = _exchange(), _request()
    if given is None:
        return Response(status=413)
    try:
        return _patiently(exchange, token, given, take)
    except Refused:
        return Response(status=403)
    except Exception as error:
        if not is_away(error):
            raise
    try:
        replay.spool_request(exchange, token, kind, given, datetime.now(UTC))
    except SpoolError:
        return Response(status=503)
    return Response(status=202)


def _patiently(exchange: Exchange, token: str, given: WebhookRequest, take: Take) -> Response:
    """Try five times within 1.5 s, fewer when each try is slow to fail; the last failure comes through."""
    began = time.monotonic()
    for pause in (*current_app.config.get("WEBHOOK_PAUSES", PAUSES), None):
        try:
            known, now = intake.arrive(exchange, token, datetime.now(UTC))
            if known is None:
                return Response(status=403)
            known.gateway.verify(known.account, given)
            take(exchange, known, given, now)
            body, content_type = known.gateway.acknowledgement
            return Response(body, content_type=content_type)
        except Exception as error:
            if pause is None or not is_away(error) or time.monotonic() - began > PATIENCE:
                raise
            time.sleep(pause)
    raise AssertionError("the loop returns or raises")


def _exchange() -> Exchange:
    return cast(Exchange, current_app.extensions["lamen"])


def _request() -> WebhookRequest | None:
    """What was posted, or None when it is too large to be a provider's."""
    if (request.content_length or 0) > MOST_BYTES:
        return None
    body = request.get_data(cache=True, parse_form_data=False)
    if len(body) > MOST_BYTES:
        return None
    form = tuple(request.form.items(multi=True))
    if len(form) > MOST_FIELDS or len(request.args) > MOST_FIELDS:
        return None
    query = request.query_string.decode("latin-1")
    base = _exchange().settings.base_url
    url = f"{base}{request.path}" + (f"?{query}" if query else "")
    return WebhookRequest(request.method, request.path, url, query, dict(request.headers), body, form, datetime.now(UTC))
