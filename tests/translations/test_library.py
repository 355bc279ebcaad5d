"""Loading the content files and choosing what a listener gets."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from runtime.database import Database
from tests.world import World
from translations import library
from translations.content_files import SHIPPED
from translations.models import Clip, Content, ContentKind, Language, Theme, Variant, VariantState

KEY = "cpn-des-le-debut"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The shipped library, to edit."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "content"))


def seeded(session: Session) -> Session:
    library.seed_languages(session)
    library.seed_themes(session)
    return session


def edit(folder: Path, old: str, new: str, name: str = "10-femmes.toml") -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def content_of(session: Session, key: str) -> Content:
    return session.scalars(select(Content).where(Content.key == key)).one()


def message(session: Session, now: datetime, **languages: VariantState) -> Content:
    """A message with one version in each language named."""
    content = Content(key="essai", kind=ContentKind.MESSAGE, title="Essai")
    for code, state in languages.items():
        add(content, code, state, now)
    session.add(content)
    session.flush()
    return content


def add(content: Content, language: str, state: VariantState, now: datetime, version: int = 1) -> Variant:
    variant = Variant(language=language, version=version, state=state, text=f"{language} {version}", written_at=now)
    variant.approved_at = now if state is VariantState.APPROVED else None
    content.variants.append(variant)
    return variant


def sound(variant: Variant, now: datetime, *, synthetic: bool = False, approved: bool = False) -> Clip:
    clip = Clip(version=len(variant.clips) + 1, sha256="a" * 64, media_type="audio/wav", bytes=1, seconds=1.0, uploaded_at=now)
    clip.synthetic, clip.approved_at = synthetic, now if approved else None
    variant.clips.append(clip)
    return clip


def test_languages_and_themes_are_seeded_once(database: Database) -> None:
    with database.writing() as session:
        assert library.seed_languages(session) == 8
        assert library.seed_themes(session) == session.scalar(select(func.count(Theme.code)))
    with database.writing() as session:
        assert (library.seed_languages(session), library.seed_themes(session)) == (0, 0)


def test_a_language_staff_added_keeps_its_menu_number(database: Database) -> None:
    with database.writing() as session:
        session.add(Language(code="khq", name="songhaï de Tombouctou", menu_number=2))
        library.seed_languages(session)
        numbers = {row.code: row.menu_number for row in session.scalars(select(Language))}
    assert numbers["khq"] == 2
    assert (numbers["bm"], numbers["ffm"]) == (9, 3)
    assert len(set(numbers.values())) == len(numbers) == 9


def test_a_first_load_adds_every_text_as_a_french_draft(database: Database, now: datetime) -> None:
    with database.writing() as session:
        report = library.load(seeded(session), SHIPPED, now)
    with database.reading() as session:
        variants = list(session.scalars(select(Variant)))
        assert len(variants) == len(report.added) == len(set(report.added))
        assert (report.changed, report.unchanged, report.conflicts) == ((), (), ())
        assert {(v.language, v.state, v.author_id, v.machine_written) for v in variants} == {
            ("fr", VariantState.DRAFT, None, False)
        }
        first = content_of(session, KEY)
        assert (first.kind, first.theme_code, first.facts, first.certainty) == (ContentKind.MESSAGE, 11, [1], "C")
        assert first.variants[0].text
        assert first.variants[0].spoken


def test_questions_come_with_options_and_an_explanation(database: Database, now: datetime) -> None:
    with database.writing() as session:
        report = library.load(seeded(session), SHIPPED, now)
        asked = next(quiz for quiz in report.quizzes if quiz.key == "quiz-premiere-heure")
        words = content_of(session, asked.key).variants[0]
        why = content_of(session, library.explanation_key(asked.key))
        assert words.options == list(asked.options)
        assert library.sms_of(words) == asked.sms
        assert "Pour « le lendemain », tapez deux." in (words.spoken or "")
        assert (why.kind, why.variants[0].text) == (ContentKind.EXPLANATION, asked.explanation)


def test_a_reply_and_a_prompt_of_one_label_are_two_contents(database: Database, now: datetime) -> None:
    with database.writing() as session:
        library.load(seeded(session), SHIPPED, now)
        reply, prompt = (content_of(session, key("consent_ask")) for key in (library.reply_key, library.prompt_key))
        assert (reply.kind, prompt.kind) == (ContentKind.REPLY, ContentKind.PROMPT)
        assert reply.title == "Accord demandé"
        assert (reply.variants[0].spoken, prompt.variants[0].text) == (None, None)
        assert content_of(session, library.prompt_key("jingle")).variants[0].spoken is None


def test_loading_twice_changes_nothing(database: Database, now: datetime) -> None:
    with database.writing() as session:
        first = library.load(seeded(session), SHIPPED, now)
    with database.writing() as session:
        second = library.load(session, SHIPPED, now)
        assert session.scalar(select(func.count(Variant.id))) == len(first.added)
    assert second.unchanged == first.added
    assert (second.added, second.changed, second.conflicts) == ((), (), ())


def test_new_words_become_a_draft_above_the_approved_ones(database: Database, now: datetime, files: Path) -> None:
    with database.writing() as session:
        library.load(seeded(session), files, now)
        approved = content_of(session, KEY).variants[0]
        approved.state, approved.approved_at = VariantState.APPROVED, now
    old = approved.text
    edit(files, "Huit rendez-vous", "Huit visites")
    with database.writing() as session:
        report = library.load(session, files, now)
        assert (report.changed, report.added, report.conflicts) == ((KEY,), (), ())
        before, after = content_of(session, KEY).variants
        assert (before.text, before.state) == (old, VariantState.APPROVED)
        assert (after.version, after.state) == (2, VariantState.DRAFT)
        assert "Huit visites" in (after.text or "")
        assert library.choose(session, after.content, ["fr"], "sms", now=now) is None


def test_a_new_source_leaves_the_words_alone(database: Database, now: datetime, files: Path) -> None:
    with database.writing() as session:
        library.load(seeded(session), files, now)
    edit(files, 'source = "OMS 2016"', 'source = "OMS 2016, page 1"')
    with database.writing() as session:
        assert library.load(session, files, now).changed == (KEY,)
        content = content_of(session, KEY)
        assert (content.source, len(content.variants)) == ("OMS 2016, page 1", 1)


def test_a_persons_edit_is_kept_and_said_each_time(database: Database, now: datetime, files: Path, world: World) -> None:
    with database.writing() as session:
        library.load(session, files, now)
        words = content_of(session, KEY).variants[0]
        words.text, words.author_id = "Allez tôt à la CPN.", world.staff["fanta"]
    edit(files, "Huit rendez-vous", "Huit visites")
    edit(files, '"La première visite prénatale"', '"Venir tôt"')
    for _ in range(2):
        with database.writing() as session:
            report = library.load(session, files, now)
            assert KEY in report.conflicts
            assert report.changed == ()
            assert [variant.text for variant in content_of(session, KEY).variants] == ["Allez tôt à la CPN."]
            assert content_of(session, KEY).title == "Venir tôt"


def test_a_content_without_french_gets_the_files_words(database: Database, now: datetime) -> None:
    with database.writing() as session:
        seeded(session).add(Content(key=KEY, kind=ContentKind.MESSAGE, title="vide"))
        session.flush()
        assert library.load(session, SHIPPED, now).changed == (KEY,)
        assert [v.version for v in content_of(session, KEY).variants] == [1]


def test_the_newest_version_is_the_current_one(database: Database, now: datetime) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, fr=VariantState.APPROVED)
        second = add(content, "fr", VariantState.DRAFT, now, version=2)
        session.flush()
        assert library.current(session, content.id, "fr") is second
        assert library.current(session, content.id, "bm") is None
        assert library.newest_variants(session) == library.newest_variants(session, [content.id]) == [second]


APPROVED, DRAFT = VariantState.APPROVED, VariantState.DRAFT


@pytest.mark.parametrize(
    ("states", "drafts", "expected"),
    [
        pytest.param({"bm": APPROVED, "fr": APPROVED}, False, "bm", id="own-language-first"),
        pytest.param({"bm": DRAFT, "fr": APPROVED}, False, "fr", id="falls-back-past-a-draft"),
        pytest.param({"fr": APPROVED}, False, "fr", id="falls-back-past-nothing"),
        pytest.param({"bm": APPROVED, "fr": DRAFT}, True, "bm", id="approved-before-french-draft"),
        pytest.param({"bm": DRAFT, "fr": DRAFT}, True, "fr", id="french-draft-in-training"),
        pytest.param({"fr": VariantState.TO_HEAR}, True, "fr", id="french-to-hear-in-training"),
        pytest.param({"fr": VariantState.TO_REVIEW}, True, "fr", id="french-to-review-in-training"),
        pytest.param({"fr": VariantState.OUTDATED}, True, None, id="an-outdated-one-is-no-draft"),
        pytest.param({"bm": DRAFT}, True, None, id="a-bambara-draft-is-sent-nowhere"),
        pytest.param({"fr": DRAFT}, False, None, id="no-draft-to-real-people"),
    ],
)
def test_the_first_approved_variant_of_the_chain_is_chosen(
    database: Database, now: datetime, states: dict[str, VariantState], drafts: bool, expected: str | None
) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, **states)
        found = library.choose(session, content, ["bm", "fr"], "sms", now=now, allow_french_drafts=drafts)
        assert (found.language if found else None) == expected


def test_machine_words_are_chosen_nowhere(database: Database, now: datetime) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, bm=APPROVED, fr=DRAFT)
        for variant in content.variants:
            variant.machine_written = True
        assert library.choose(session, content, ["bm", "fr"], "sms", now=now, allow_french_drafts=True) is None


@pytest.mark.parametrize(
    ("begins", "ends", "chosen"),
    [
        pytest.param(0, 1, True, id="from-its-first-moment"),
        pytest.param(1, None, False, id="not-yet"),
        pytest.param(None, 0, False, id="no-longer"),
        pytest.param(-2, None, True, id="without-end"),
    ],
)
def test_an_approved_text_is_sent_within_its_dates(
    database: Database, now: datetime, begins: int | None, ends: int | None, chosen: bool
) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, fr=APPROVED)
        words = content.variants[0]
        words.valid_from = None if begins is None else now + timedelta(days=begins)
        words.valid_until = None if ends is None else now + timedelta(days=ends)
        assert (library.choose(session, content, ["fr"], "sms", now=now) is words) == chosen


def test_a_text_without_words_is_passed_over_by_sms(database: Database, now: datetime) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, bm=APPROVED, fr=APPROVED)
        content.variants[0].text = None
        found = library.choose(session, content, ["bm", "fr"], library.Way.SMS, now=now)
        assert found is content.variants[1]


def test_a_call_needs_an_approved_clip(database: Database, now: datetime) -> None:
    with database.writing() as session:
        content = message(seeded(session), now, bm=APPROVED, fr=APPROVED)
        bambara, french = content.variants
        assert library.choose(session, content, ["bm", "fr"], "voice", now=now) is None
        sound(bambara, now)
        sound(french, now, approved=True)
        assert library.choose(session, content, ["bm", "fr"], "voice", now=now) is french
        bambara.clips[0].approved_at = now
        assert library.choose(session, content, ["bm", "fr"], "voice", now=now) is bambara


def test_a_newer_recording_silences_the_approved_one_until_it_is_heard(now: datetime) -> None:
    words = Variant(language="fr", clips=[])
    first = sound(words, now, approved=True)
    assert library.clip_of(words) is first
    sound(words, now)
    assert library.clip_of(words) is None


@pytest.mark.parametrize(
    ("language", "drafts", "played"),
    [
        pytest.param("fr", True, True, id="french-in-training"),
        pytest.param("fr", False, False, id="never-to-real-people"),
        pytest.param("bm", True, False, id="never-another-language"),
    ],
)
def test_the_synthetic_voice_is_for_french_training_alone(language: str, drafts: bool, played: bool, now: datetime) -> None:
    words = Variant(language=language, clips=[])
    voice = sound(words, now, synthetic=True)
    assert library.clip_of(words, drafts) is (voice if played else None)


def test_each_members_own_is_no_way_to_choose_by(database: Database, now: datetime) -> None:
    with database.writing() as session:
        content = message(seeded(session), now)
        with pytest.raises(library.LibraryError, match="own"):
            library.choose(session, content, ["fr"], "own", now=now)


def test_a_reply_comes_in_the_listeners_language_once_approved(database: Database, now: datetime) -> None:
    with database.writing() as session:
        library.load(seeded(session), SHIPPED, now)
        content = content_of(session, library.reply_key("language_set"))
        bambara = add(content, "bm", APPROVED, now)
        bambara.text = "I ka kan ye {langue} ye."
        session.flush()
        reply = library.reply_text(session, "language_set", ["bm", "fr"], now=now, langue="bambara")
        assert reply == library.Rendered("I ka kan ye bambara ye.", bambara.id, "language_set", "bm")


def test_an_unapproved_reply_comes_in_the_shipped_french(database: Database, now: datetime) -> None:
    with database.reading() as session:
        reply = library.reply_text(session, "language_set", ["bm", "fr"], now=now, langue="bambara")
    assert (reply.variant_id, reply.language) == (None, "fr")
    assert "votre langue est: bambara" in reply.text


def test_a_translation_that_asks_for_an_unknown_name_is_passed_over(database: Database, now: datetime) -> None:
    with database.writing() as session:
        library.load(seeded(session), SHIPPED, now)
        content = content_of(session, library.reply_key("language_set"))
        add(content, "bm", APPROVED, now).text = "I ka kan ye {lange} ye."
        session.flush()
        assert library.reply_text(session, "language_set", ["bm", "fr"], now=now, langue="bambara").variant_id is None


def test_an_unknown_label_or_a_missing_value_is_an_error(database: Database, now: datetime) -> None:
    with database.reading() as session:
        with pytest.raises(library.LibraryError, match="nulle_part"):
            library.reply_text(session, "nulle_part", ["fr"], now=now)
        with pytest.raises(library.LibraryError, match="langue"):
            library.reply_text(session, "language_set", ["fr"], now=now)


def test_braces_within_a_value_are_never_filled() -> None:
    assert library.fill("{a} et {b} {b.__class__}", {"a": "{b}", "b": 2}) == "{b} et 2 {b.__class__}"
