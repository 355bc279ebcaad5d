"""A language pack goes from one programme to another: whole, without names, and never approved where it arrives."""

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from runtime.audit import AuditEntry
from tests.world import World
from translations import clips, drafts, glossary, language_packs, review, spellings, taken_in
from translations.language_packs import CONTENTS, MANIFEST, Pack, PackRefused
from translations.library import current
from translations.models import Clip, Content, Language, Variant, VariantState
from translations.taken_in import Fate

# What a file holds does not depend on the database: one of the two is enough.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def bambara(session: Session, world: World, now: datetime) -> Content:
    """A message approved in Bambara, with a term and a confirmed letter; a second one is only a draft."""
    content = session.get_one(Content, world.contents["eau-propre"])
    fanta, boubacar, aissata = (world.staff[name] for name in ("fanta", "boubacar", "aissata"))
    said = drafts.write(session, content, "bm", "Aw tègè ko.", "Aw tɛgɛ ko.", [], fanta, now, simplified=["ɛ→è"])
    review.propose(session, said.id, fanta, now)
    review.check_language(session, said.id, boubacar, "Lavez vos mains.", now)
    review.approve(session, said.id, aissata, now)
    other = session.get_one(Content, world.contents["premier-lait"])
    drafts.write(session, other, "bm", "Sinji.", None, [], fanta, now)
    glossary.save(session, "bm", "savon", "safinɛ", "", fanta, now)
    spellings.confirm(session, "bm", "ɛ", "è", fanta, now)
    spellings.propose(session, "bm", "ɔ", "o")
    return content


@pytest.fixture
def made(session: Session, bambara: Content, tmp_path: Path, now: datetime) -> bytes:
    return packed(session, tmp_path, now)


def packed(session: Session, var: Path, now: datetime, *, sounds: bool = False) -> bytes:
    file = io.BytesIO()
    language_packs.write(session, session.get_one(Language, "bm"), var, now, file, sounds=sounds)
    return file.getvalue()


def emptied(session: Session) -> None:
    """As another installation: nothing in Bambara."""
    for variant in session.query(Variant).filter_by(language="bm"):
        for clip in variant.clips:
            session.delete(clip)
        session.delete(variant)
    for term in glossary.terms(session, "bm"):
        session.delete(term)
    session.flush()
    for letter in spellings.written(session, "bm"):
        spellings.withdraw(session, "bm", letter, 1, datetime(2026, 1, 1).astimezone())
    session.flush()


def changed(data: bytes, change: Callable[[dict[str, bytes]], None], *, told: bool = False) -> bytes:
    """The archive with other files; with `told`, its manifest says so too."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if told:
        manifest = json.loads(files[MANIFEST])
        hashes = {name: {"sha256": hashlib.sha256(one).hexdigest(), "bytes": len(one)} for name, one in files.items()}
        files[MANIFEST] = json.dumps(manifest | {"files": {n: one for n, one in hashes.items() if n != MANIFEST}}).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, one in files.items():
            archive.writestr(name, one)
    return file.getvalue()


def opened(data: bytes) -> Pack:
    return language_packs.read(io.BytesIO(data))


def test_a_pack_holds_what_is_approved_and_names_nobody(made: bytes, world: World) -> None:
    pack = opened(made)
    (words,) = pack.words
    assert (words.key, words.text, words.simplified, words.version) == ("eau-propre", "Aw tègè ko.", ("ɛ→è",), 1)
    assert (pack.approvers, pack.terms, pack.letters) == (1, (("savon", "safinɛ", ""),), (("ɛ", "è"),))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
        assert {n: one["sha256"] for n, one in manifest["files"].items()} == {
            name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != MANIFEST
        }
    assert manifest["holds"] == {"contents": 1, "terms": 1, "spellings": 1, "sounds": 0}
    assert not [name for name in world.staff if name.capitalize() in everything], "no member of staff is named"
    assert "Sinji" not in everything, "a draft stays at home"


def test_the_same_words_make_the_same_file(session: Session, made: bytes, tmp_path: Path, now: datetime) -> None:
    assert packed(session, tmp_path, now) == made


def test_a_pack_enters_as_drafts_of_whoever_brought_it_and_a_second_time_changes_nothing(
    session: Session, made: bytes, world: World, now: datetime
) -> None:
    emptied(session)
    sory = world.staff["sory"]
    intake = taken_in.carry_out(session, opened(made), sory, now)
    assert (len(intake.taken), intake.terms, intake.letters) == (1, 1, 1)
    arrived = current(session, world.contents["eau-propre"], "bm")
    assert arrived is not None
    assert (arrived.state, arrived.author_id, arrived.approved_by) == (VariantState.DRAFT, sory, None)
    assert (arrived.text, arrived.simplified) == ("Aw tègè ko.", ["ɛ→è"])
    assert [one.translation for one in glossary.terms(session, "bm")] == ["safinɛ"]
    assert spellings.agreed(session, "bm") == {}, "our own editors have to confirm it"
    again = taken_in.carry_out(session, opened(made), sory, now)
    assert ([one.fate for one in again.arrivals], again.anything) == ([Fate.SAME], False)
    assert session.query(AuditEntry).filter_by(action="take_in_pack").count() == 2


def test_a_pack_may_ask_for_review_at_once_and_its_bringer_may_not_give_it(
    session: Session, made: bytes, world: World, now: datetime
) -> None:
    emptied(session)
    taken_in.carry_out(session, opened(made), world.staff["boubacar"], now, propose=True)
    arrived = current(session, world.contents["eau-propre"], "bm")
    assert arrived is not None
    assert arrived.state is VariantState.TO_HEAR
    with pytest.raises(review.ReviewError):
        review.check_language(session, arrived.id, world.staff["boubacar"], "Lavez.", now)


def _words_of(files: dict[str, bytes], change: Mapping[str, object]) -> None:
    files[CONTENTS] = json.dumps([{**json.loads(files[CONTENTS])[0], **change}]).encode()


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        pytest.param({}, Fate.NEW, id="from-our-french"),
        pytest.param({"french": {"text": "Autre."}}, Fate.OTHER_FRENCH, id="from-another-french"),
        pytest.param({"key": "ailleurs"}, Fate.UNKNOWN, id="a-content-we-lack"),
        pytest.param({"kind": "reply"}, Fate.UNKNOWN, id="another-kind"),
        pytest.param({"text": "Aw {prenom}."}, Fate.UNFIT, id="a-name-our-french-lacks"),
        pytest.param({"text": None, "spoken": None}, Fate.UNFIT, id="nothing-to-say"),
    ],
)
def test_each_content_of_a_pack_has_its_fate(
    session: Session, made: bytes, world: World, now: datetime, change: Mapping[str, object], fate: Fate
) -> None:
    emptied(session)
    pack = opened(changed(made, lambda files: _words_of(files, change), told=True))
    assert [one.fate for one in taken_in.check(session, pack).arrivals] == [fate]
    taken_in.carry_out(session, pack, world.staff["sory"], now)
    arrived = current(session, world.contents["eau-propre"], "bm")
    assert (arrived is not None) is (fate in taken_in.TAKEN)
    french = current(session, world.contents["eau-propre"], "fr")
    assert review.stale(arrived, french) is (fate is Fate.OTHER_FRENCH)


def test_what_is_written_here_stays(session: Session, made: bytes, world: World, now: datetime) -> None:
    content = session.get_one(Content, world.contents["eau-propre"])
    drafts.write(session, content, "bm", "Autrement.", None, [], world.staff["sory"], now)
    intake = taken_in.carry_out(session, opened(made), world.staff["fanta"], now)
    assert [one.fate for one in intake.arrivals] == [Fate.WRITTEN_HERE]
    ours = current(session, content.id, "bm")
    assert ours is not None
    assert ours.text == "Autrement."


def test_sounds_go_along_only_when_asked(session: Session, bambara: Content, tmp_path: Path, world: World, now: datetime) -> None:
    variant = current(session, bambara.id, "bm")
    assert variant is not None
    spoken(session, variant, tmp_path, world, now, b"RIFF")
    assert opened(packed(session, tmp_path, now)).sounds == ()
    data = packed(session, tmp_path, now, sounds=True)
    pack = opened(data)
    assert (pack.sounds, pack.approvers) == (("sounds/eau-propre.bm.wav",), 2)
    assert list(language_packs.sounds_of(io.BytesIO(data), pack.sounds)) == [("eau-propre.bm.wav", b"RIFF")]
    assert b"Kadia" not in b"".join(zipfile.ZipFile(io.BytesIO(data)).read(n) for n in (MANIFEST, CONTENTS))


def spoken(session: Session, variant: Variant, var: Path, world: World, now: datetime, sound: bytes) -> None:
    """An approved recording of Kadia's."""
    sha256, _path = clips.store(var, sound)
    clip = Clip(sha256=sha256, media_type="audio/wav", bytes=len(sound), seconds=9.0, licence="Voix de Kadia", uploaded_at=now)
    clip.uploaded_by, clip.approved_by, clip.approved_at = world.staff["fanta"], world.staff["boubacar"], now
    variant.clips.append(clip)
    session.flush()


def test_a_sound_goes_into_a_pack_without_being_held_in_memory(
    session: Session, bambara: Content, tmp_path: Path, world: World, now: datetime
) -> None:
    variant = current(session, bambara.id, "bm")
    assert variant is not None
    spoken(session, variant, tmp_path, world, now, bytes(16_000_000))
    tracemalloc.start()
    data = packed(session, tmp_path, now, sounds=True)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert opened(data).sounds == ("sounds/eau-propre.bm.wav",)


def _bare(files: dict[str, bytes]) -> None:
    del files[MANIFEST]


def _newer(files: dict[str, bytes]) -> None:
    files[MANIFEST] = files[MANIFEST].replace(b'"version": 1', b'"version": 2')


def _altered(files: dict[str, bytes]) -> None:
    files[CONTENTS] = files[CONTENTS].replace("tègè".encode(), b"tege")


def _unlisted(files: dict[str, bytes]) -> None:
    files["../virus.exe"] = b"x"


def _lost(files: dict[str, bytes]) -> None:
    del files["glossary.json"]


def _odd(files: dict[str, bytes]) -> None:
    _words_of(files, {"text": 12})


def test_a_pack_damaged_on_its_way_is_refused_wherever_the_damage_is(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        starts = [one.header_offset + 30 + len(one.filename) for one in archive.infolist()]
    for start in starts:
        for damage in (b"\xff\xff\xff", b"\x00\x00\x00"):
            with pytest.raises(PackRefused):
                opened(made[:start] + damage + made[start + 3 :])


@pytest.mark.parametrize(
    "change",
    [{"text": "Aw\0tègè."}, {"title": "Eau \ud800"}, {"options": ["Awɔ", "\udfff"]}, {"version": float("inf")}],
    ids=["a-nul", "half-a-pair", "half-a-pair-in-an-answer", "no-number"],
)
def test_words_that_no_database_takes_are_refused(made: bytes, change: Mapping[str, object]) -> None:
    with pytest.raises(PackRefused):
        opened(changed(made, lambda files: _words_of(files, change), told=True))


@pytest.mark.parametrize(
    ("change", "told"),
    [(_bare, False), (_newer, False), (_altered, False), (_unlisted, False), (_lost, False), (_odd, True), (_lost, True)],
    ids=["no-manifest", "a-newer-form", "words-altered", "a-file-not-listed", "a-file-lost", "no-text", "lost-and-told"],
)
def test_a_file_that_is_no_whole_pack_is_refused(made: bytes, change: Callable[[dict[str, bytes]], None], told: bool) -> None:
    with pytest.raises(PackRefused):
        opened(changed(made, change, told=told))


@pytest.mark.parametrize("named", ["sounds/ailleurs.bm.wav", CONTENTS], ids=["not-there", "not-a-sound"])
def test_a_pack_that_names_a_sound_it_does_not_hold_is_refused_by_that_name(made: bytes, named: str) -> None:
    with pytest.raises(PackRefused) as why:
        opened(changed(made, lambda files: _words_of(files, {"sound": named}), told=True))
    assert why.value.name == named


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"notes.txt": b"x"}, id="a-name-of-its-own"),
        pytest.param({f"{n}.json": b" " * 900_000 for n in range(8)}, id="many-texts"),
        pytest.param({"glossary.json": b" " * 4_999_900 + b"[]"}, id="more-words-than-all-may-hold"),
    ],
)
def test_a_pack_of_other_files_or_of_too_many_words_is_refused_unread(made: bytes, extra: dict[str, bytes]) -> None:
    data = changed(made, lambda files: files.update(extra), told=True)
    tracemalloc.start()
    with pytest.raises(PackRefused):
        opened(data)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000, "refused by what it declares"
    tracemalloc.stop()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"{}"], ids=["empty", "cut", "no-zip"])
def test_a_file_that_is_no_archive_is_refused(data: bytes, backend: str) -> None:
    with pytest.raises(PackRefused):
        opened(data)


def test_a_language_out_of_service_takes_no_pack(session: Session, made: bytes, world: World, now: datetime) -> None:
    session.get_one(Language, "bm").active = False
    with pytest.raises(PackRefused):
        taken_in.carry_out(session, opened(made), world.staff["sory"], now)
