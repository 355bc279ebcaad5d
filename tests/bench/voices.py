"""Every shipped word with an approved sound in French, and every pack in service: what a call has to choose from."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from messaging.models import Broadcast, BroadcastState, Route
from runtime.database import Database
from tests.world import World
from translations import content_files, library
from translations.content_entries import Pack
from translations.languages import SOURCE
from translations.models import Clip, Content, ContentKind, Variant, VariantState, VoicePack

SENT = 20


def approve(database: Database, world: World, now: datetime) -> None:
    """Load the shipped contents and give each of their French words a sound; the files themselves are not made."""
    by = {"approved_at": now, "approved_by": world.staff["aissata"]}
    with database.writing() as session:
        library.load(session, content_files.SHIPPED, now)
        words = session.scalars(select(Variant).where(Variant.language == SOURCE)).all()
        for variant in words:
            variant.state, variant.approved_at = VariantState.APPROVED, now
        of = {"media_type": "audio/wav", "bytes": 16_000, "seconds": 2.0, "uploaded_at": now, **by}
        clips = [{"variant_id": one.id, "sha256": hashlib.sha256(str(one.id).encode()).hexdigest(), **of} for one in words]
        session.execute(insert(Clip), clips)
        session.execute(insert(VoicePack), [{"language": SOURCE, "pack": pack.value, "published_at": now} for pack in Pack])


def send(database: Database, now: datetime) -> None:
    """Have messages sent before, one each day: what the menu speaks of."""
    with database.writing() as session:
        wanted = select(Content.id, Content.title).where(Content.kind == ContentKind.MESSAGE, Content.theme_code.is_not(None))
        rows = []
        for days, (content_id, title) in enumerate(session.execute(wanted.order_by(Content.id).limit(SENT)), start=1):
            left = now - timedelta(days=days)
            times = {"due_at": left, "not_before": left, "expires_at": left + timedelta(days=1), "created_at": left}
            rows.append({"title": title, "content_id": content_id, "route": Route.VOICE, "audience": {}, **times})
        session.execute(insert(Broadcast), [{**row, "state": BroadcastState.FINISHED} for row in rows])
