"""Four eyes: Fanta writes, Boubacar hears, Aissata approves; nobody passes their own work."""

from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from sqlalchemy import select

from runtime.audit import AuditEntry
from tests.translations.desk import Desk
from tests.world import World
from translations import drafts, library, review
from translations.models import Clip, ContentKind, VariantState
from translations.review import Fault, ReviewError


def refused(fault: Fault) -> AbstractContextManager[object]:
    return pytest.raises(ReviewError, match=f"^{fault}$")


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


def test_ones_own_draft_is_no_conflict_until_it_is_proposed(desk: Desk) -> None:
    opened = review.fingerprint(desk.write("fanta", seen=""))
    desk.write("fanta", "Lavez vos deux mains.", seen=opened)
    variant = desk.write("fanta", "Lavez bien vos mains.", seen=opened)
    assert (variant.version, variant.text) == (1, "Lavez bien vos mains.")
    desk.propose(variant)
    with refused(Fault.CHANGED):
        desk.write("fanta", "Lavez vos mains.", seen=opened)


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
    with refused(Fault.NOT_HEARD):
        desk.check(variant, who="adama", said=None, heard=False)
    desk.check(variant, who="adama", said=None)
    with refused(Fault.OWN_SOUND):
        desk.approve(variant, who="boubacar")
    with refused(Fault.NOT_HEARD):
        desk.approve(variant, heard=False)
    assert desk.approve(variant).clips[0].approved_at


def test_a_sound_added_to_approved_words_waits_alone(desk: Desk, now: datetime) -> None:
    variant = desk.published()
    clip = desk.sound(variant, "adama")
    with refused(Fault.NOT_CHECKED):
        desk.approve(variant)
    with refused(Fault.OWN_SOUND):
        desk.check(variant, "adama", said=None)
    desk.check(variant, said=None)
    with refused(Fault.OWN_SOUND):
        desk.approve(variant, "adama")
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
    desk.content.kind = ContentKind.REPLY
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


def test_new_french_outdates_the_translations_of_the_french_before_it(desk: Desk) -> None:
    desk.published()
    bambara = desk.approve(desk.check(desk.propose(desk.write("fanta", "Bolow ko.", "bm"))))
    second = desk.propose(desk.write(text="Lavez vos mains au savon."))
    assert [one.id for one in review.behind(desk.session, second)] == [bambara.id]
    states = [bambara.state]
    desk.approve(second)
    states.append(bambara.state)
    assert states == [VariantState.APPROVED, VariantState.OUTDATED], "a French nobody approved outdates nothing"
    again = desk.write("fanta", "Bolow ko.", "bm")
    assert (again.version, again.state, again.source_version) == (2, VariantState.DRAFT, second.version)
    assert desk.approve(desk.check(desk.propose(again))).state is VariantState.APPROVED


def test_french_that_means_the_same_keeps_its_translations_in_service(desk: Desk, now: datetime) -> None:
    desk.published()
    bambara = desk.approve(desk.check(desk.propose(desk.write("fanta", "Bolow ko.", "bm"))))
    second = desk.propose(desk.write(text="Lavez vos mains!"))
    review.approve(desk.session, second.id, desk.staff["aissata"], now, meaning_kept=True)
    assert (bambara.state, bambara.source_version) == (VariantState.APPROVED, second.version)
    assert not review.stale(bambara, second)


def test_a_translation_of_the_very_french_that_is_approved_stays(desk: Desk) -> None:
    desk.published()
    second = desk.propose(desk.write(text="Lavez vos mains au savon."))
    bambara = desk.approve(desk.check(desk.propose(desk.write("fanta", "Safinɛ.", "bm"))))
    desk.approve(second)
    assert bambara.state is VariantState.APPROVED


def test_the_letters_an_author_simplified_are_written_down_while_they_are_gone(desk: Desk, now: datetime) -> None:
    staff = desk.staff["fanta"]

    def write(text: str, simplified: list[str]) -> list[str]:
        return drafts.write(desk.session, desk.content, "bm", text, None, [], staff, now, simplified=simplified).simplified

    assert write("Aw tègè kò.", ["ɛ→è", "ɔ→ò"]) == ["ɛ→è", "ɔ→ò"]
    assert write("Aw tègè kɔ.", []) == ["ɛ→è"], "a letter written again is not simplified"
    assert write("Aw tègè kò ko.", ["ɔ→ò"]) == ["ɛ→è", "ɔ→ò"]
