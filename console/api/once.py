"""What is asked twice is done once: a request under an Idempotency-Key, and the campaign it made or changed."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from flask import request
from pydantic import BaseModel, Field

from console.api.problems import ApiError
from console.staff import take_key
from runtime.database import Session


class Keyed(BaseModel):
    """The header of a request that changes something."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        max_length=128,
        description="A word of your own: the same request under the same word again changes nothing more.",
    )


def once(session: Session, token_id: int, asked: BaseModel | None, act: Callable[[], int], at: datetime) -> tuple[int, bool]:
    """The id that `act` gives, and True; under the key of the same request before, the id it gave then, and False. `asked` is
    the request's checked body.

    ApiError 409 "key_reused" where the key was another request's. A refused request does not use its key up.
    """
    key = request.headers.get("Idempotency-Key")
    if not key:
        return act(), True
    digest = hashlib.sha256(f"{request.path}\n{asked.model_dump_json() if asked else ''}".encode()).hexdigest()
    kept, fresh = take_key(session, token_id, key, digest, at)
    if kept.digest != digest:
        raise ApiError(409, "key_reused", "This Idempotency-Key was used for another request.")
    if not fresh and kept.campaign_id is not None:
        return kept.campaign_id, False
    kept.campaign_id = act()
    return kept.campaign_id, True
