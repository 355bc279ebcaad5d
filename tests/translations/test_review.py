"""Four eyes: Fanta writes, Boubacar hears, Aissata approves; nobody passes their own work."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime.audit import AuditEntry
from runtime.database import Database
from tests.world import World
from translations import library, overview, review
from translations.models import Clip, Content, ContentKind, Variant, VariantState
from translations.overview import Change, Piece, Task
from translations.review import Fault, ReviewError


@pytest.fixture
def session(database: Database, world: World) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def content(session: Session) -> Content:
    """A message that nobody has written yet."""
    row = Content(key="essai", kind=ContentKind.MESSAGE, title="Essai", theme_code=12)
    session.add(row)
    session.flush()
    return row


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
        return review.write(self.session, self.content, language, *said, staff_id, self.now, machine_written=machine, seen=seen)

    def propose(self, variant: Variant, who: str = "fanta", **more: str) -> Variant:
        return review.propose(self.session, variant.id, self.staff[who], self.now, **more)

    def check(self, variant: Variant, who: str = "boubacar", said: str | None = "Lavez vos mains.", **more: str) -> Variant:
        return review.check_language(self.session, variant.id, self.staff[who], said, self.now, **more)

    def approve(self, variant: Variant, who: str = "aissata", **more: str) -> Variant:
        return review.approve(self.session, variant.id, self.staff[who], self.now, **more)

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


@pytest.fixture
def desk(session: Session, content: Content, world: World, now: datetime) -> Desk:
    return Desk(session, content, world, now)


def refused(fault: Fault) -> AbstractContextManager[object]:
    return pytest.raises(ReviewError, match=review.SENTENCES[fault][:20])


def test_french_words_go_straight_to_validation(desk: Desk, world: World, now: datetime) -> None:
    variant = desk.propose(desk.write())
    assert variant.state is VariantState.TO_REVIEW
    desk.approve(variant)
    assert (variant.state, variant.approved_by, variant.approved_at) == (VariantState.APPROVED, world.staff["aissata"], now)
    assert library.choose(desk.session, desk.content, ["fr"], "sms", now=now) is variant


def test_each_step_is_in_the_audit(desk: Desk) -> None:
    bambara = desk.write(language="bm")
    desk.propose(desk.check(desk.propose(bambara)) and desk.send_back(bambara))
    desk.check(bambara)
    desk.approve(bambara)
    actions = list(desk.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    steps = ["propose", "check", "send_back", "propose", "check", "approve"]
    assert actions == [f"variant.{step}" for step in steps]


def test_another_language_is_heard_by_a_second_speaker_first(desk: Desk, world: World) -> None:
    variant = desk.propose(desk.write(language="bm"))
    assert variant.state is VariantState.TO_HEAR
    with refused(Fault.NOT_PROPOSED):
        desk.approve(variant)
    desk.check(variant)
    assert (variant.state, variant.checked_by) == (VariantState.TO_REVIEW, world.staff["boubacar"])
    assert variant.back_translation == "Lavez vos mains."
    assert desk.approve(variant).state is VariantState.APPROVED


@pytest.mark.parametrize("language", ["fr", "bm"])
def test_the_author_reviews_nothing_of_theirs(desk: Desk, language: str) -> None:
    variant = desk.propose(desk.write(language=language))
    if language == "bm":
        with refused(Fault.OWN_WORK):
            desk.check(variant, who="fanta")
        desk.check(variant)
    with refused(Fault.OWN_WORK):
        desk.approve(variant, who="fanta")


def test_two_people_cannot_approve_each_others_edits_of_one_text(desk: Desk) -> None:
    desk.write("fanta")
    second = desk.propose(desk.write("boubacar", "Lavez vos mains au savon."), "boubacar")
    assert second.version == 2
    with refused(Fault.OWN_WORK):
        desk.approve(second, who="fanta")
    desk.approve(second)
    third = desk.propose(desk.write("boubacar", "Lavez-vous les mains."), "boubacar")
    assert desk.approve(third, who="fanta").state is VariantState.APPROVED


def test_an_edit_unpublishes_until_it_is_approved(desk: Desk, now: datetime) -> None:
    first = desk.published()
    second = desk.write(text="Lavez vos mains au savon.")
    assert (first.state, second.state, second.version) == (VariantState.APPROVED, VariantState.DRAFT, 2)
    assert library.choose(desk.session, desk.content, ["fr"], "sms", now=now) is None
    with refused(Fault.CHANGED):
        desk.propose(first)
    desk.approve(desk.propose(second))
    assert library.choose(desk.session, desk.content, ["fr"], "sms", now=now) is second


def test_saving_the_same_words_again_changes_nothing(desk: Desk) -> None:
    first = desk.published()
    assert desk.write("boubacar", " Lavez vos mains.\n") is first
    assert first.state is VariantState.APPROVED


def test_an_author_goes_on_typing_in_their_own_draft(desk: Desk) -> None:
    first = desk.write()
    assert desk.write(text="Lavez vos deux mains.") is first
    assert first.text == "Lavez vos deux mains."


@pytest.mark.parametrize("case", ["other-author", "nobody", "returned", "proposed", "with-sound"])
def test_a_save_makes_a_new_version_once_others_may_have_read(desk: Desk, case: str) -> None:
    first = desk.write(None if case == "nobody" else "fanta")
    match case:
        case "returned":
            desk.send_back(desk.propose(first))
        case "proposed":
            desk.propose(first)
        case "with-sound":
            desk.sound(first)
    who = {"other-author": "boubacar", "nobody": None}.get(case, "fanta")
    assert desk.write(who, "Autre chose.").version == 2


def test_a_second_editor_is_told_that_somebody_saved_first(desk: Desk) -> None:
    opened = review.fingerprint(desk.write(seen=""))
    desk.write("boubacar", "Lavez vos mains au savon.", seen=opened)
    with refused(Fault.CHANGED):
        desk.write("fanta", "Lavez bien vos mains.", seen=opened)


def test_nobody_approves_what_changed_since_they_opened_it(desk: Desk) -> None:
    variant = desk.propose(desk.write())
    seen = review.fingerprint(variant)
    desk.sound(variant, "boubacar")
    with refused(Fault.CHANGED):
        desk.approve(variant, seen=seen)


def test_machine_words_stay_drafts(desk: Desk) -> None:
    variant = desk.write(language="bm", machine=True)
    with refused(Fault.MACHINE):
        desk.propose(variant)
    variant.state = VariantState.TO_HEAR
    desk.check(variant)
    with refused(Fault.MACHINE):
        desk.approve(variant)


def test_saving_machine_words_unchanged_does_not_make_them_a_persons(desk: Desk) -> None:
    machine = desk.write(language="bm", machine=True)
    assert desk.write("boubacar", language="bm").machine_written
    rewritten = desk.write("fanta", "I tègèw ko.", language="bm")
    assert (machine.machine_written, rewritten.machine_written, rewritten.version) == (True, False, 2)


def test_nothing_to_say_is_not_proposed(desk: Desk) -> None:
    variant = desk.write(text=None, spoken="Lavez vos mains.")
    with refused(Fault.EMPTY):
        desk.propose(variant)
    desk.sound(variant, None, synthetic=True)
    with refused(Fault.SYNTHETIC):
        desk.propose(variant)


def test_a_synthetic_voice_is_never_approved_with_its_text(desk: Desk) -> None:
    variant = desk.write()
    voice = desk.sound(variant, None, synthetic=True)
    desk.approve(desk.propose(variant))
    assert (variant.state, voice.approved_at) == (VariantState.APPROVED, None)
    assert library.clip_of(variant) is None


def test_an_oral_variant_needs_its_meaning_in_french(desk: Desk) -> None:
    desk.published()
    variant = desk.write(text=None, spoken="(oral)", language="dts")
    clip = desk.sound(variant)
    desk.propose(variant)
    with refused(Fault.NO_BACK_TRANSLATION):
        desk.check(variant, said=" ")
    desk.check(variant)
    desk.approve(variant)
    assert clip.approved_at is not None
    assert library.clip_of(variant) is clip


def test_a_sound_is_heard_and_approved_by_others_than_its_sender(desk: Desk) -> None:
    variant = desk.write(None)
    desk.sound(variant, "boubacar")
    assert desk.propose(variant).state is VariantState.TO_HEAR
    with refused(Fault.OWN_SOUND):
        desk.check(variant)
    desk.check(variant, who="adama", said=None)
    with refused(Fault.OWN_SOUND):
        desk.approve(variant, who="boubacar")
    assert desk.approve(variant).clips[0].approved_at


def test_a_sound_added_to_approved_words_waits_alone(desk: Desk, now: datetime) -> None:
    variant = desk.published()
    clip = desk.sound(variant)
    with refused(Fault.NOT_CHECKED):
        desk.approve(variant)
    desk.check(variant, said=None)
    with refused(Fault.NOT_PROPOSED):
        desk.check(variant)
    assert library.choose(desk.session, desk.content, ["fr"], "sms", now=now) is variant
    assert library.clip_of(variant) is None
    desk.approve(variant)
    assert library.clip_of(variant) is clip


def test_a_refused_sound_leaves_approved_words_published(desk: Desk) -> None:
    variant = desk.published()
    desk.sound(variant)
    desk.send_back(variant, "On entend le vent.")
    desk.session.flush()
    assert (variant.state, variant.clips, variant.returned_reason) == (VariantState.APPROVED, [], "On entend le vent.")
    assert desk.session.scalar(select(Clip)) is None


def test_words_go_back_to_their_author_with_a_reason(desk: Desk) -> None:
    variant = desk.check(desk.propose(desk.write(language="bm")))
    with refused(Fault.NO_REASON):
        desk.send_back(variant, " ")
    desk.send_back(variant)
    assert (variant.state, variant.checked_by, variant.returned_reason) == (VariantState.DRAFT, None, "Trop long.")
    assert desk.propose(variant).returned_reason is None


@pytest.mark.parametrize("step", ["check", "approve", "send_back"])
def test_a_draft_waits_for_nobody(desk: Desk, step: str) -> None:
    variant = desk.write()
    with refused(Fault.NOT_PROPOSED):
        getattr(desk, step)(variant)


def test_what_is_proposed_is_not_proposed_again(desk: Desk) -> None:
    with refused(Fault.NOT_DRAFT):
        desk.propose(desk.propose(desk.write()))


def test_validation_alone_does_not_vouch_for_a_language(desk: Desk) -> None:
    variant = desk.write(language="bm")
    variant.state = VariantState.TO_REVIEW  # as an import might leave it
    with refused(Fault.NOT_CHECKED):
        desk.approve(variant)


@pytest.mark.parametrize(
    ("french", "bambara", "fits"),
    [
        pytest.param(["oui", "non"], ["awò", "ayi"], True, id="as-many"),
        pytest.param(["oui", "non"], ["awò"], False, id="one-missing"),
        pytest.param(["a", "b", "c"], ["awò", "ayi"], False, id="fewer-than-french"),
    ],
)
def test_a_translated_question_has_as_many_answers(desk: Desk, french: list[str], bambara: list[str], fits: bool) -> None:
    desk.content.kind = ContentKind.QUESTION
    desk.write(text="Un repas de plus?", options=french)
    variant = desk.write("boubacar", "Dumuni?", "bm", options=bambara)
    if fits:
        assert desk.propose(variant).state is VariantState.TO_HEAR
    else:
        with refused(Fault.OPTIONS):
            desk.propose(variant)


def test_a_question_with_one_answer_asks_nothing(desk: Desk) -> None:
    desk.content.kind = ContentKind.QUESTION
    with refused(Fault.OPTIONS):
        desk.propose(desk.write(options=["oui", " "]))


def test_the_names_to_fill_stay_those_of_the_shipped_words(desk: Desk) -> None:
    desk.write(None, "Merci {nom}.")
    with refused(Fault.SLOTS):
        desk.propose(desk.write("fanta", "Merci {prenom}."))
    assert desk.propose(desk.write("fanta", "Grand merci {nom}.")).state is VariantState.TO_REVIEW


def test_words_first_written_in_another_language_have_no_french_to_obey(desk: Desk) -> None:
    variant = desk.write(language="bm")
    assert variant.source_version is None
    assert desk.propose(variant).state is VariantState.TO_HEAR


@pytest.mark.parametrize(
    ("text", "spoken", "kept"),
    [
        pytest.param("Lavez bien.", "Lavez vos mains.", True, id="only-the-sms-changed"),
        pytest.param("Lavez vos mains.", "Lavez les mains.", False, id="the-speech-changed"),
    ],
)
def test_a_sound_follows_words_that_still_say_the_same(desk: Desk, text: str, spoken: str, kept: bool) -> None:
    first = desk.write(spoken="Lavez vos mains.")
    desk.sound(first)
    desk.approve(desk.check(desk.propose(first)))
    second = desk.write(text=text, spoken=spoken)
    assert [(clip.sha256, clip.core_end_s, clip.approved_at) for clip in second.clips] == [("a" * 64, 4.0, None)] * kept


def test_the_matrix_shows_each_content_in_each_language(desk: Desk, now: datetime) -> None:
    desk.published(text="Lavez vos mains. " * 10)
    desk.write("boubacar", "Bolow ko ɲɛ.", "bm")
    row = next(row for row in overview.matrix(desk.session, now) if row.code == 12)
    cells = next(one for one in row.contents if one.key == "essai").cells
    assert list(cells)[:2] == ["fr", "bm"]
    assert (cells["fr"].state, cells["fr"].parts, cells["fr"].encoding) == (VariantState.APPROVED, 2, "GSM-7")
    assert (cells["bm"].state, cells["bm"].parts, cells["bm"].encoding) == (VariantState.DRAFT, 1, "UCS-2")
    assert cells["ffm"] == overview.Cell(None)
    assert row.counts("bm") == {VariantState.DRAFT: 1, None: len(row.contents) - 1}


def test_the_matrix_tells_an_outdated_text_and_a_newer_source(desk: Desk, now: datetime) -> None:
    desk.published()
    bambara = desk.approve(desk.check(desk.propose(desk.write("fanta", "Bolow ko.", "bm"))))
    bambara.valid_until = now + timedelta(hours=1)
    desk.write(text="Lavez vos mains au savon.")

    def cell(at: datetime) -> overview.Cell:
        found = [one for row in overview.matrix(desk.session, at) for one in row.contents if one.key == "essai"]
        return found[0].cells["bm"]

    assert (cell(now).state, cell(now).source_changed) == (VariantState.APPROVED, True)
    assert cell(now + timedelta(hours=1)).state is VariantState.OUTDATED


def test_contents_without_theme_come_last_in_the_matrix(desk: Desk, now: datetime) -> None:
    assert overview.matrix(desk.session, now)[-1].code == 91
    desk.content.theme_code = None
    last = overview.matrix(desk.session, now)[-1]
    assert (last.code, last.name, [row.key for row in last.contents]) == (None, None, ["essai"])


def test_what_waits_says_the_task_the_change_and_whose_it_is(desk: Desk) -> None:
    desk.published()
    second = desk.propose(desk.write(text="Lavez vos mains au savon."))
    bambara = desk.propose(desk.write("boubacar", "Bolow ko.", "bm"), "boubacar")
    found = {one.variant.id: one for one in overview.pending(desk.session, desk.staff["boubacar"])}
    assert {id: (one.task, one.mine, one.parts) for id, one in found.items()} == {
        second.id: (Task.APPROVE, False, 1),
        bambara.id: (Task.HEAR, True, 1),
    }
    removed, added = Piece(Change.REMOVED, "mains."), Piece(Change.ADDED, "mains au savon.")
    assert found[second.id].difference == (Piece(Change.SAME, "Lavez vos "), removed, added)
    assert found[second.id].fingerprint == review.fingerprint(second)


def test_a_sound_that_waits_on_approved_words_is_listed(desk: Desk) -> None:
    variant = desk.published()
    desk.sound(variant)
    aissata = desk.staff["aissata"]
    assert [one.task for one in overview.pending(desk.session, aissata)] == [Task.HEAR]
    desk.check(variant)
    assert [one.task for one in overview.pending(desk.session, aissata)] == [Task.APPROVE]
    desk.content.archived = True
    assert overview.pending(desk.session, aissata) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("", "Lavez vos mains", id="new"),
        pytest.param("Lavez vos mains", "", id="emptied"),
        pytest.param("a b c d", "a c x d e", id="mixed"),
        pytest.param("le même", "le  même", id="spaces-only"),
    ],
)
def test_the_pieces_of_a_difference_make_both_texts_again(old: str, new: str) -> None:
    pieces = overview.difference(old, new)
    assert "".join(p.text for p in pieces if p.change is not Change.REMOVED) == new
    assert " ".join("".join(p.text for p in pieces if p.change is not Change.ADDED).split()) == " ".join(old.split())
