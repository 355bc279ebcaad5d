"""Clips are fetched by their hash and by nothing else."""

import pytest
from flask.testing import FlaskClient

from messaging.exchange import Exchange
from translations.clips import store


def test_a_clip_is_fetched_by_its_hash_and_may_be_kept(client: FlaskClient, exchange: Exchange) -> None:
    sha256, _ = store(exchange.settings.var, b"RIFF and so on")
    answer = client.get(f"/hooks/sounds/{sha256}.wav")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"RIFF and so on", "audio/wav")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    part = client.get(f"/hooks/sounds/{sha256}.wav", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"RIFF")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("0" * 64 + ".wav", id="unknown"),
        pytest.param("0" * 64 + ".toml", id="another-suffix"),
        pytest.param("..%2f..%2fkeys.wav", id="a-path"),
        pytest.param("A" * 64 + ".wav", id="upper-case"),
    ],
)
def test_anything_else_is_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/hooks/sounds/{name}").status_code == 404
