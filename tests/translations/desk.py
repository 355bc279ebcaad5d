"""The review as one line a step."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from tests.world import World
from translations import drafts, review
from translations.models import Clip, Content, Variant


class Desk:
    """The review as one line a step."""

    def __init__(self, session: Session, content: Content, world: World, now: datetime) -> None:
        self.session, self.content, self.staff, self.now = session, content, world.staff, now

    def write(
        self,
        who: str | None = "fanta",
        text: str | None = "Lavez vos mains.",
        language: str = "fr",
        *,
        spoken: str | None = None,
        options: Sequence[str] = (),
        machine: bool = False,
        seen: str | None = None,
    ) -> Variant:
        staff_id, said = self.staff[who] if who else None, (text, spoken, list(options))
        return drafts.write(self.session, self.content, language, *said, staff_id, self.now, machine_written=machine, seen=seen)

    def propose(self, variant: Variant, who: str = "fanta", **more: str) -> Variant:
        return review.propose(self.session, variant.id, self.staff[who], self.now, **more)

    def check(
        self, variant: Variant, who: str = "boubacar", said: str | None = "Lavez vos mains.", heard: bool = True
    ) -> Variant:
        return review.check_language(self.session, variant.id, self.staff[who], said, self.now, heard=heard)

    def approve(self, variant: Variant, who: str = "aissata", *, seen: str | None = None, heard: bool = True) -> Variant:
        return review.approve(self.session, variant.id, self.staff[who], self.now, seen=seen, heard=heard)

    def send_back(self, variant: Variant, reason: str = "Trop long.", who: str = "aissata") -> Variant:
        return review.send_back(self.session, variant.id, self.staff[who], reason, self.now)

    def published(self, text: str = "Lavez vos mains.") -> Variant:
        return self.approve(self.propose(self.write(text=text)))

    def sound(self, variant: Variant, who: str | None = "fanta", *, synthetic: bool = False, sha256: str = "a" * 64) -> Clip:
        clip = Clip(version=len(variant.clips) + 1, sha256=sha256, media_type="audio/wav", bytes=1, seconds=9.0, core_end_s=4.0)
        clip.synthetic, clip.uploaded_by, clip.uploaded_at = synthetic, self.staff[who] if who else None, self.now
        variant.clips.append(clip)
        self.session.flush()
        return clip
