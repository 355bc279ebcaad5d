"""The demonstration's questions asked aloud: a few, once, and none outside of a demonstration."""

import shutil
from datetime import datetime

import pytest
from sqlalchemy import select

from clubs.records import Inquiry
from demonstration.asked import ALOUD, ask_aloud
from messaging.exchange import Exchange
from messaging.models import Recording
from runtime.installation import installation
from tests.world import World

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None or shutil.which("ffmpeg") is None, reason="needs espeak-ng, ffmpeg"
)


def test_members_ask_aloud_once_and_only_in_a_demonstration(exchange: Exchange, world: World, now: datetime) -> None:
    assert ask_aloud(exchange, now) == 0
    with exchange.database.writing() as session:
        installation(session).demonstration = True
    assert (ask_aloud(exchange, now), ask_aloud(exchange, now)) == (len(ALOUD), 0)
    with exchange.database.reading() as session:
        rows = session.scalars(select(Inquiry).order_by(Inquiry.number)).all()
        sounds = [session.get_one(Recording, row.recording_id) for row in rows]
        assert [(row.kind, row.theme_code) for row in rows] == [(kind, theme) for _, kind, theme, _, _ in ALOUD]
        assert all(sound.seconds > 1 and sound.refused is None for sound in sounds)
