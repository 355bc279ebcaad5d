"""What callers recorded: announced within a call, fetched by a job, kept as private files under their own hash.

An address is never fetched as a webhook gave it: the gateway builds it anew from the announced place, and whatever it leads to
must be a sound. A replay to the caller goes out under an address that holds for ten minutes.
"""

import hashlib
import hmac
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import channels, moderation
from messaging.errors import MessagingError
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Moderation, Recording
from messaging.recording_fetch import FetchError, fetch, remove
from runtime import disk
from runtime.crypto import blind
from translations.clips import STRANGERS

TOO_SHORT = 2.0
"""Seconds below which nothing was said."""
SHORTEST_WORD = 0.3
LONGEST = 300
REPLAYED_FOR = timedelta(minutes=10)
AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
AT_ONCE = 20
MEDIA_TYPE = "audio/wav"
_SECONDS_TO_DECODE = 60
log = structlog.get_logger(__name__)


class SoundError(MessagingError):
    """Bytes that are no sound of a voice; `why` is one word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Stored:
    """A sound in the private store: 8 kHz 16-bit mono WAV."""

    sha256: str
    seconds: float
    bytes: int


def announce(session: Session, var: Path, call: Call, place: str, now: datetime, *, brief: bool = False) -> Recording:
    """Write down that a call left a sound at `place`, the same one only once; a `brief` one may be a single word.

    What is in our own store already needs no job.
    """
    rows = session.scalars(select(Recording).where(Recording.call_id == call.id))
    if found := next((row for row in rows if row.place == place or row.sha256 == place), None):
        return found
    row = Recording(
        call_id=call.id,
        sha256="",
        media_type=MEDIA_TYPE,
        bytes=0,
        seconds=0.0,
        moderation=Moderation.NEW,
        air_consent=False,
        recorded_at=now,
        delete_after=now + moderation.UNAPPROVED_KEPT,
        place=place,
        tries=0,
        next_try_at=now,
        brief=brief,
    )
    channel = session.get_one(Channel, call.channel_id)
    if channel.gateway == channels.SIMULATOR and (here := _read(var, place)) is not None:
        _heard(row, here, now)
    session.add(row)
    session.flush()
    return row


def discard(session: Session, var: Path, row: Recording) -> None:
    """Forget a recording its speaker took back."""
    _unlink(session, var, row)
    session.delete(row)
    session.flush()


def fetch_due(exchange: Exchange, now: datetime) -> list[int]:
    """Fetch what is due, five times at most over half a day; the ids of those that are settled, stored or refused."""
    with exchange.database.reading() as session:
        due = select(Recording.id).where(Recording.next_try_at <= now).order_by(Recording.next_try_at, Recording.id)
        ids = list(session.scalars(due.limit(AT_ONCE)))
    return [id_ for id_ in ids if _fetch_one(exchange, id_, now)]


def purge(session: Session, var: Path, now: datetime) -> int:
    """Delete the sounds whose time is over (`moderation.over`), and what was typed of them; how many."""
    rows = list(session.scalars(select(Recording).where(Recording.sha256 != "", moderation.over(now))))
    for row in rows:
        _unlink(session, var, row)
        row.sha256, row.refused, row.bytes, row.transcript = "", "expired", 0, None
        session.flush()
    waiting = select(Recording).where(Recording.delete_after <= now, Recording.next_try_at.is_not(None))
    for row in session.scalars(waiting):
        row.next_try_at, row.place, row.refused = None, None, "expired"
    return len(rows)


def keep(var: Path, data: bytes) -> Stored:
    """Decode bytes that came from outside and keep them, on the disk for good when this returns. SoundError says why not."""
    wav = _decoded(data)
    sha256 = hashlib.sha256(wav).hexdigest()
    path = path_of(var, sha256)
    (var / "recordings").mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    disk.put(path, wav)
    return Stored(sha256, _seconds(wav), len(wav))


def path_of(var: Path, sha256: str) -> Path:
    """Where a private sound lies."""
    return var / "recordings" / sha256[:2] / f"{sha256}.wav"


def replay_name(sha256: str, now: datetime) -> str:
    """The last part of an address under which this sound can be fetched for ten minutes."""
    until = int((now + REPLAYED_FOR).timestamp())
    return f"{sha256}-{until}-{_signed(sha256, until)}"


def replayed(name: str, now: datetime) -> str | None:
    """The sound behind such a name, None for one that is forged or too old."""
    parts = name.split("-")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 12):
        return None
    sha256, until = parts[0], int(parts[1])
    good = hmac.compare_digest(parts[2].encode(), _signed(sha256, until).encode())
    return sha256 if good and now < datetime.fromtimestamp(until, UTC) else None


def _signed(sha256: str, until: int) -> str:
    return blind(f"replay:{sha256}:{until}").hex()


def _fetch_one(exchange: Exchange, id_: int, now: datetime) -> bool:
    with exchange.database.reading() as session:
        row = session.get(Recording, id_)
        if row is None or row.place is None:
            return False
        call = session.get_one(Call, row.call_id)
        channel = session.get_one(Channel, call.channel_id)
        gateway = exchange.gateways.get(channel.gateway)
        account = channels.account(channel, exchange.settings.base_url)
        asked = gateway and gateway.recording_request(account, row.place)
        removal = gateway and gateway.recording_removal(account, row.place)
    stored: Stored | None = None
    why, again = "place", False
    if asked:
        try:
            stored = keep(exchange.settings.var, fetch(*asked))
        except FetchError as error:
            why, again = error.why, error.again
        except SoundError as error:
            why = error.why
    with exchange.database.writing() as session:
        settled = _settle(session, exchange.settings.var, id_, stored, why, again, now)
    # Only what is ours for good: the transaction above has committed.
    if settled and stored is not None and removal and not remove(*removal):
        log.warning("recording.left_behind", recording=id_)
    return settled


def _settle(session: Session, var: Path, id_: int, stored: Stored | None, why: str, again: bool, now: datetime) -> bool:
    row = session.get(Recording, id_, with_for_update=True)
    if row is None or row.next_try_at is None:
        return False  # taken back, or fetched by another worker
    if stored is not None:
        _heard(row, stored, now)
    elif again and row.tries < len(AFTER):
        row.next_try_at, row.tries = now + AFTER[row.tries], row.tries + 1
        return False
    else:
        row.refused, row.next_try_at, row.place = why[:24], None, None
    if row.refused:
        _unlink(session, var, row)
        log.warning("recording.refused", recording=id_, why=row.refused)
    return True


def _heard(row: Recording, stored: Stored, now: datetime) -> None:
    shortest = SHORTEST_WORD if row.brief else TOO_SHORT
    row.sha256, row.seconds, row.bytes, row.fetched_at = stored.sha256, stored.seconds, stored.bytes, now
    row.next_try_at = row.place = None
    row.refused = "too_short" if stored.seconds < shortest else None


def _unlink(session: Session, var: Path, row: Recording) -> None:
    same = select(func.count()).where(Recording.sha256 == row.sha256, Recording.id != row.id)
    if row.sha256 and not session.scalar(same):
        path_of(var, row.sha256).unlink(missing_ok=True)


def _read(var: Path, sha256: str) -> Stored | None:
    path = path_of(var, sha256) if len(sha256) == 64 and sha256.isalnum() else None
    if path is None or not path.is_file():
        return None
    wav = path.read_bytes()
    return Stored(sha256, _seconds(wav), len(wav))


def _decoded(data: bytes) -> bytes:
    """Plain sound formats and nothing else, so that a disguised playlist fetches nothing."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise SoundError("no_ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        given, wav = Path(folder) / "given", Path(folder) / "heard.wav"
        given.write_bytes(data)
        source = ["-nostdin", "-v", "error", *STRANGERS, "-i", str(given)]
        told = ["-map", "0:a:0", "-t", str(LONGEST + 1), "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        form = ["-ac", "1", "-ar", "8000", "-c:a", "pcm_s16le", str(wav)]
        try:
            done = subprocess.run([ffmpeg, *source, *told, *form], capture_output=True, timeout=_SECONDS_TO_DECODE, check=False)
        except subprocess.TimeoutExpired as error:
            raise SoundError("endless") from error
        if done.returncode != 0 or not wav.is_file():
            raise SoundError("no_sound")
        heard = wav.read_bytes()
    if not 0 < _seconds(heard) <= LONGEST:
        raise SoundError("length")
    return heard


def _seconds(wav: bytes) -> float:
    try:
        with wave.open(BytesIO(wav)) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except (wave.Error, EOFError):
        return 0.0
