"""French draft voices for the simulator: spoken by espeak-ng, marked synthetic, heard by nobody but staff.

Speaking takes most of a second a text, so it is done outside any transaction, on every core.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import exists, select

from demonstration.asked import ask_aloud
from messaging.exchange import Exchange
from translations.clips import Sound, ToolMissing, attach, draft_voice
from translations.models import Clip, Content, ContentKind, Variant

SPOKEN = (ContentKind.PROMPT, ContentKind.MESSAGE, ContentKind.QUESTION, ContentKind.EXPLANATION)
CORE_SECONDS = 15.0
BATCH = 8
SPEAK = "speak"  # the work of that name


def speak(exchange: Exchange, now: datetime) -> int:
    """Give each French text without sound a draft voice; how many. None at all where espeak-ng or ffmpeg is missing."""
    with exchange.database.reading() as session:
        silent = (
            select(Variant.id, Variant.spoken, Variant.text, Content.kind)
            .join(Content, Content.id == Variant.content_id)
            .where(Variant.language == "fr", Content.kind.in_(SPOKEN), ~exists().where(Clip.variant_id == Variant.id))
            .order_by(Variant.id)
        )
        wanted = [(id_, spoken or text or "", kind) for id_, spoken, text, kind in session.execute(silent)]
    wanted = [piece for piece in wanted if piece[1].strip()]
    done = 0
    while done < len(wanted) and not exchange.stopping.is_set():  # stored as they come: a stopped process goes on from there
        batch = wanted[done : done + BATCH]
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                sounds = list(pool.map(lambda piece: draft_voice(piece[1], exchange.settings.var), batch))
        except ToolMissing:
            return 0
        with exchange.database.writing() as session:
            for (variant_id, _, kind), sound in zip(batch, sounds, strict=True):
                attach(session, session.get_one(Variant, variant_id), sound, None, now, core_end_s=_core(kind, sound))
        done += len(batch)
    if not exchange.stopping.is_set():
        ask_aloud(exchange, now)
    return done


def _core(kind: ContentKind, sound: Sound) -> float | None:
    return min(CORE_SECONDS, sound.seconds) if kind is ContentKind.MESSAGE else None
