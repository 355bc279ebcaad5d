"""Static files ready to send: compressed copies under `var/static`, made at the start, so that a 2G link carries a fifth."""

import gzip
import os
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # publishes no types

SOURCE = Path(__file__).parent / "static"
WORDY = {".css", ".js", ".svg", ".html", ".txt", ".md", ".json"}


def prepare(target: Path, source: Path = SOURCE) -> Path:
    """Copy what changed from `source` to `target`, with .gz and .br beside the texts; `target`. Safe from several processes."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        copy = target / file.relative_to(source)
        if copy.exists() and copy.stat().st_mtime_ns == file.stat().st_mtime_ns:
            continue
        data = file.read_bytes()
        if file.suffix in WORDY:
            _write(copy.with_name(copy.name + ".gz"), gzip.compress(data, 9, mtime=0))
            _write(copy.with_name(copy.name + ".br"), brotli.compress(data))
        _write(copy, data, file.stat().st_mtime_ns)  # last: its time says that the compressed ones are there
    target.mkdir(parents=True, exist_ok=True)
    return target


def _write(path: Path, data: bytes, time: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    if time is not None:
        os.utime(part, ns=(time, time))
    part.replace(path)
