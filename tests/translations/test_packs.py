"""Voice packs: named when something is missing, published only whole and by somebody, live only with pack A."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from runtime.audit import AuditEntry
from runtime.database import Database
from tests.translations.voices import a_clip, approve_pack, approve_prompt
from tests.world import World
from translations import library, packs
from translations.content_entries import Pack
from translations.models import Clip, Variant, VariantState
from translations.packs import PackError, PackFault

# field.md 3, word for word.
A = """
jingle who goodbye not_urgent lang_choose no_key wrong_key give_up system_down consent_ask consent_yes consent_no
stop_sure stop_done club_ask club_bad menu_out
"""
B = """
lang_name to_choose press digit_0 digit_1 digit_2 digit_3 digit_4 digit_5 digit_6 digit_7 digit_8 digit_9 star hash
who_listened aud_woman aud_man aud_group callback menu_main menu_out_more theme_list latest no_content quiz_intro
quiz_right quiz_wrong answers_intro help_private neighbour_intro receipt rec_how rec_no_names adult_check rec_menu
rec_kept rec_deleted air_ask air_yes air_no
"""
C = """
pin_ask pin_bad theme_ask theme_bad women_ask men_ask youth_ask youth_too_many mothers_ask mothers_too_many radio_ask
nobody other_ask resume_ask before_ask voters_ask after_ask action_ask readback unit_women unit_men unit_youth
unit_mothers radio_yes radio_no confirm_ask saved replaced dropped summary_intro unit_sessions unit_points unit_answers
summary_thanks
"""
NUMBERS = [f"num_{n}" for n in range(101)] + [f"day_{n}" for n in range(1, 8)]


@pytest.fixture
def session(database: Database, world: World) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.mark.parametrize(
    ("pack", "labels"),
    [
        pytest.param(Pack.A, A.split(), id="A"),
        pytest.param(Pack.B, B.split(), id="B"),
        pytest.param(Pack.C, [*C.split(), *NUMBERS], id="C"),
        pytest.param(Pack.SERIES, ["series_ask", "series_key", "series_done"], id="series"),
    ],
)
def test_every_label_of_the_field_guide_is_in_its_pack(pack: Pack, labels: list[str]) -> None:
    more = {label for label in packs.labels_of(pack) if not label.startswith("option_")}
    assert more == set(labels)


def test_every_prompt_says_when_it_is_heard() -> None:
    assert all(prompt.when.endswith((".", "?")) for prompt in packs.prompts().values())


def test_what_is_missing_is_named_in_the_order_of_the_recording_script(session: Session, now: datetime) -> None:
    approve_pack(session, Pack.A, "bm", now, but=("goodbye", "who"))
    found = packs.standings(session, now, ["bm", "fr"])
    assert (found["bm", Pack.A].total, found["bm", Pack.A].missing) == (17, ("who", "goodbye"))
    assert found["fr", Pack.A].missing == tuple(A.split())
    assert packs.missing(session, now, "bm", ["goodbye", "menu_out"]) == ("goodbye",)


@pytest.mark.parametrize(
    "why",
    [
        "a synthetic voice",
        "a sound nobody approved",
        "words in review",
        "words of a machine",
        "words not valid yet",
        "words edited since",
    ],
)
def test_only_an_approved_human_sound_on_approved_words_counts(session: Session, now: datetime, why: str) -> None:
    clip = approve_prompt(session, "who", "bm", now)
    variant = clip.variant
    assert packs.missing(session, now, "bm", ["who"]) == ()
    match why:
        case "a synthetic voice":
            clip.synthetic = True
        case "a sound nobody approved":
            clip.approved_at = None
        case "words in review":
            variant.state = VariantState.TO_REVIEW
        case "words of a machine":
            variant.machine_written = True
        case "words not valid yet":
            variant.valid_from = now + timedelta(days=1)
        case "words edited since":
            session.add(Variant(content_id=variant.content_id, language="bm", version=2, spoken="x", options=[], written_at=now))
    session.flush()
    assert packs.missing(session, now, "bm", ["who"]) == ("who",)


def test_one_jingle_serves_every_language(session: Session, now: datetime) -> None:
    approve_prompt(session, "jingle", "fr", now)
    assert packs.missing(session, now, "dts", ["jingle", "who"]) == ("who",)


def test_a_whole_pack_is_published_and_withdrawn_with_an_audit(session: Session, world: World, now: datetime) -> None:
    aissata = world.staff["aissata"]
    approve_pack(session, Pack.A, "bm", now)
    assert packs.live_packs(session, "bm", now) == frozenset()
    packs.publish(session, "bm", Pack.A, aissata, now)
    packs.publish(session, "bm", Pack.A, aissata, now)
    assert packs.live_packs(session, "bm", now) == {Pack.A}
    assert packs.live_packs(session, "fr", now) == frozenset()
    assert packs.withdraw(session, "bm", Pack.A, aissata, now)
    assert not packs.withdraw(session, "bm", Pack.A, aissata, now)
    assert packs.live_packs(session, "bm", now) == frozenset()
    entries = session.query(AuditEntry).filter(AuditEntry.subject_kind == "voice_pack").order_by(AuditEntry.id)
    assert [(one.action, one.staff_id, one.details) for one in entries] == [
        ("voice_pack.publish", aissata, {"language": "bm", "pack": "A"}),
        ("voice_pack.withdraw", aissata, {"language": "bm", "pack": "A"}),
    ]


def test_a_pack_with_a_hole_is_not_published(session: Session, world: World, now: datetime) -> None:
    approve_pack(session, Pack.A, "bm", now, but=("stop_done",))
    with pytest.raises(PackError) as found:
        packs.publish(session, "bm", Pack.A, world.staff["aissata"], now)
    assert (found.value.fault, found.value.missing) == (PackFault.MISSING, ("stop_done",))


def test_no_pack_is_live_without_pack_a(session: Session, world: World, now: datetime) -> None:
    aissata = world.staff["aissata"]
    approve_pack(session, Pack.SERIES, "bm", now)
    with pytest.raises(PackError) as found:
        packs.publish(session, "bm", Pack.SERIES, aissata, now)
    assert found.value.fault is PackFault.FIRST_PACK
    approve_pack(session, Pack.A, "bm", now)
    packs.publish(session, "bm", Pack.A, aissata, now)
    packs.publish(session, "bm", Pack.SERIES, aissata, now)
    assert packs.live_packs(session, "bm", now) == {Pack.A, Pack.SERIES}
    packs.withdraw(session, "bm", Pack.A, aissata, now)
    assert packs.live_packs(session, "bm", now) == frozenset()


def test_a_published_pack_that_lost_a_prompt_is_no_longer_live(session: Session, world: World, now: datetime) -> None:
    approve_pack(session, Pack.A, "bm", now)
    packs.publish(session, "bm", Pack.A, world.staff["aissata"], now)
    session.query(Clip).filter(Clip.variant.has(Variant.spoken == "who")).one().approved_at = None
    session.flush()
    assert packs.live_packs(session, "bm", now) == frozenset()
    assert not packs.standings(session, now, ["bm"])["bm", Pack.A].live


def test_a_new_take_of_a_prompt_waits_while_the_approved_one_goes_on_playing(session: Session, now: datetime) -> None:
    clip = approve_prompt(session, "who", "bm", now)
    newer = a_clip("another take", now, approved=False)
    newer.version = 2
    clip.variant.clips.append(newer)
    session.flush()
    assert library.clip_of(clip.variant) is clip
    assert packs.missing(session, now, "bm", ["who"]) == ()
    newer.approved_at = now
    assert library.clip_of(clip.variant) is newer
