"""Sealed values open only where they were sealed, and only with their key."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from messaging.models import Contact
from runtime import crypto
from runtime.crypto import CryptoError, Keyring, load_keys
from runtime.database import Database
from tests.world import NUMBERS, World
from wsgi import metadata


def test_every_sealed_column_is_bound_to_its_own_table_and_column() -> None:
    columns = [column for table in metadata().sorted_tables for column in table.columns]
    places = {f"{column.table.name}:{column.name}": getattr(column.type, "place", None) for column in columns}
    sealed = {where: place for where, place in places.items() if place is not None}
    assert {where for where, place in sealed.items() if place != where} == set()
    assert {"contact:number", "member:name", "message:text", "webhook_body:body", "channel:token"} <= set(sealed)


def test_a_sealed_text_opens_again_and_never_looks_the_same_twice() -> None:
    keys = Keyring.fresh()
    first, second = keys.seal("Awa", "member:name"), keys.seal("Awa", "member:name")
    assert first != second
    assert keys.open(first, "member:name") == keys.open(second, "member:name") == "Awa"


@pytest.mark.parametrize(
    ("text_", "place"),
    [pytest.param("Awa", "contact:number", id="another column"), pytest.param("Awa", "member:Name", id="another case")],
)
def test_a_sealed_text_does_not_open_elsewhere(text_: str, place: str) -> None:
    keys = Keyring.fresh()
    with pytest.raises(CryptoError):
        keys.open(keys.seal(text_, "member:name"), place)


def test_a_changed_byte_or_an_unknown_key_is_refused() -> None:
    keys = Keyring.fresh()
    sealed = keys.seal("Awa", "member:name")
    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), bytes([9]) + sealed[1:], b""):
        with pytest.raises(CryptoError):
            keys.open(broken, "member:name")


def test_a_new_key_seals_while_the_old_one_still_opens() -> None:
    old = Keyring.fresh()
    sealed = old.seal("Awa", "member:name")
    both = Keyring({**old.data, 2: Keyring.fresh().data[1]}, 2, old.index)
    assert both.open(sealed, "member:name") == "Awa"
    assert both.seal("Awa", "member:name")[0] == 2
    assert both.blind("Awa") == old.blind("Awa")


def test_the_blind_index_needs_its_key() -> None:
    assert Keyring.fresh().blind("+22376123456") != Keyring.fresh().blind("+22376123456")


def test_the_first_start_makes_a_key_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "var" / "keys.json"
    made = load_keys(path)
    assert load_keys(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["keys.json"]


def test_a_damaged_key_file_is_said_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("{")
    with pytest.raises(CryptoError):
        load_keys(path)
    assert path.read_text() == "{"


def test_the_database_holds_neither_number_nor_name_in_the_clear(database: Database, world: World) -> None:
    with database.reading() as session:
        stored = session.execute(text("SELECT number FROM contact UNION ALL SELECT name FROM member")).scalars().all()
        contact = session.query(Contact).filter_by(number_index=crypto.blind(NUMBERS["awa"])).one()
    assert contact.number == NUMBERS["awa"]
    everything = b"".join(bytes(value) for value in stored if value is not None)
    assert b"Awa" not in everything
    assert NUMBERS["awa"].encode() not in everything
