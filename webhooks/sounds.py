"""Where providers and browsers fetch clips: `/hooks/sounds/<sha256>.wav` for telephones, `.mp3` for pages; `said/` for replays.

The hash is the only key: nobody finds a sound they were not told of, and a name never means another sound.
"""

import re
from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, Response, current_app, send_file

from messaging import recordings
from messaging.exchange import Exchange
from runtime.installation import business_time
from translations.clips import path_of

blueprint = Blueprint("sounds", __name__, url_prefix="/hooks/sounds")

HASH = re.compile(r"[0-9a-f]{64}")
TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
YEAR_SECONDS = 365 * 24 * 3600


@blueprint.get("/said/<name>.wav")
def said(name: str) -> Response:
    """What a caller just said, played back to them: under an address that holds for ten minutes."""
    exchange = cast(Exchange, current_app.extensions["lamen"])
    with exchange.database.reading() as session:
        now = business_time(session, datetime.now(UTC))
    sha256 = recordings.replayed(name, now)
    path = recordings.path_of(exchange.settings.var, sha256) if sha256 else None
    if path is None or not path.is_file():
        return Response(status=404)
    answer = send_file(path.resolve(), mimetype=recordings.MEDIA_TYPE)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/<sha256>.<suffix>")
def sound(sha256: str, suffix: str) -> Response:
    """The bytes of one clip, which never change; 404 for anything else."""
    exchange = cast(Exchange, current_app.extensions["lamen"])
    if suffix not in TYPES or HASH.fullmatch(sha256) is None:
        return Response(status=404)
    path = path_of(exchange.settings.var, sha256, f".{suffix}")
    if not path.is_file():
        return Response(status=404)
    answer = send_file(path.resolve(), mimetype=TYPES[suffix], conditional=True, max_age=YEAR_SECONDS)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
