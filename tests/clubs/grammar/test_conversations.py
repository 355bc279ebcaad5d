"""Drafts, versions, undo, holds, prompts and supervisors over several texts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from clubs.grammar.aftermath import after
from clubs.grammar.context import Asked, Context, OpenAction, Prompt, Sender, State, Version, valid_number
from clubs.grammar.explain import explain
from clubs.grammar.judge import judge
from clubs.grammar.values import Flag, Kind, Outcome, ProblemId, Values
from clubs.grammar.verdict import Do, Verdict
from tests.clubs.grammar.world import MOUSSA, NOW, STRANGER, SUPERVISOR, WITH_WORDS, later, play, say

SEVERAL = replace(MOUSSA, clubs=("1032", "2043"))


def stored(verdict: Verdict) -> tuple[Outcome, int | None, int | None, int | None]:
    return verdict.outcome, verdict.values.theme, verdict.values.women, verdict.values.men


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["CR 12 18", "H7"], (Outcome.ACK, 12, 18, 7)),
        (["CR 12 18", "7 hommes"], (Outcome.ACK, 12, 18, 7)),
        (["CR 12 18", "CR H7"], (Outcome.ACK, 12, 18, 7)),
        (["CR 12", "F18", "H7"], (Outcome.ACK, 12, 18, 7)),
        (["CR 12 5 3 20", "J2"], (Outcome.ACK, 12, 5, 3)),
        (["CR 12 18 7 9 5", "R1"], (Outcome.ACK, 12, 18, 7)),
        (["CR 14 18 7", "T13"], (Outcome.ACK, 13, 18, 7)),
        (["CR 12 18", "CR 13 20 5"], (Outcome.ACK, 13, 20, 5)),
        (["CR D19/3 12 18 7", "D17/3"], (Outcome.ACK, 12, 18, 7)),
        (["CR C1023 12 18 7", "C1032"], (Outcome.ACK, 12, 18, 7)),
        (["CR 12 95 40", "OUI"], (Outcome.ACK, 12, 95, 40)),
        (["CR 12 95 40", "ok"], (Outcome.ACK, 12, 95, 40)),
        (["CR 12 95 40", "H4 F9"], (Outcome.FIX, 12, 9, 4)),
        (["CR 12 95 40", "CR 12 9 4"], (Outcome.FIX, 12, 9, 4)),
        (["CR 12 95 40", "CR 12 95 40"], (Outcome.HOLD, 12, 95, 40)),
        (["CR 12 18 7", "CR 12 95 40", "OUI"], (Outcome.FIX, 12, 95, 40)),
        (["CR 12 18 7", "cr.12.18.7"], (Outcome.INFO, 12, 18, 7)),
        (["CR 12 18 7", "CR 12 18 7 9"], (Outcome.FIX, 12, 18, 7)),
        (["CR 12 18 7 9 1 4", "H7"], (Outcome.ASK, None, None, 7)),
    ],
    ids=lambda case: " | ".join(case) if isinstance(case, list) else "",
)
def test_a_conversation_ends_with_the_right_figures(
    texts: list[str], expected: tuple[Outcome, int | None, int | None, int | None]
) -> None:
    assert stored(say(MOUSSA, *texts)) == expected


def test_a_refused_date_is_never_replaced_by_today() -> None:
    verdict = say(MOUSSA, "CR D19/3 12 18", "H7")
    assert (verdict.outcome, verdict.problem, verdict.values.date) == (Outcome.ASK, ProblemId.MISSING, None)
    assert "D15" in verdict.reply


def test_a_refused_club_is_never_replaced_by_ones_own() -> None:
    verdict = say(MOUSSA, "CR C1023 12 18", "H7")
    assert (verdict.outcome, verdict.values.club) == (Outcome.ASK, None)
    assert "C1032" in verdict.reply


def test_a_draft_of_yesterday_is_not_completed() -> None:
    context = later(play(MOUSSA, ["CR 12 18"]), hours=25)
    assert judge("H7", context).outcome is Outcome.ASK


def test_a_bad_date_in_the_missing_piece_is_asked_back() -> None:
    assert say(MOUSSA, "CR 12 18", "H7 D19/3").problem is ProblemId.DATE_FUTURE


def test_an_undo_brings_the_earlier_version_back() -> None:
    verdict = say(MOUSSA, "CR 12 18 7", "CR 12 21 4", "AN")
    assert "version 1 revient" in verdict.reply
    assert "18 femmes, 7 hommes" in verdict.reply
    current = play(MOUSSA, ["CR 12 18 7", "CR 12 21 4", "AN"]).current(57)
    assert current is not None
    assert (current.version, current.values.women) == (1, 18)


def test_an_undone_report_counts_no_more_and_the_reply_says_what_stands() -> None:
    context = play(MOUSSA, ["CR D17 12 18 7", "CR 12 20 3"])
    verdict = judge("AN", context)
    assert "No 58 annulé" in verdict.reply
    assert "Reste: No 57" in verdict.reply
    assert after(context, verdict).current(58) is None


def test_a_second_bare_undo_counts_only_after_ten_minutes() -> None:
    context = play(MOUSSA, ["CR D17 12 18 7", "CR 12 20 3", "AN"])
    assert judge("AN", context).effect.do is Do.NOTHING
    assert judge("AN", later(context, minutes=10)).effect.number == 57


def test_nothing_older_than_48_hours_and_nothing_of_others_is_undone() -> None:
    old = later(play(MOUSSA, ["CR 12 18 7"]), hours=49)
    assert judge("AN", old).effect.do is Do.NOTHING
    assert judge("AN 57", old).effect.do is Do.NOTHING
    sorys = replace(MOUSSA, reports=tuple(replace(row, own=False) for row in old.reports))
    assert judge("AN 57", sorys).effect.do is Do.NOTHING


def test_an_undo_after_an_unfinished_report_spares_the_one_before() -> None:
    assert say(MOUSSA, "CR 12 18 7", "CR 13 20", "AN").effect.do is Do.DROP_DRAFT


def test_a_refused_hold_counts_nothing() -> None:
    context = play(MOUSSA, ["CR 12 95 40", "NON"])
    assert context.current(57) is None
    assert judge("OUI", context).outcome is Outcome.INFO


def test_a_hold_expires_after_24_hours() -> None:
    assert judge("OUI", later(play(MOUSSA, ["CR 12 95 40"]), hours=25)).outcome is Outcome.INFO


def test_a_session_replaces_the_ras_of_its_period_and_a_ras_after_it_is_asked() -> None:
    week = replace(MOUSSA, periods=(("1032", date(2026, 3, 12), date(2026, 3, 18)),))
    assert say(week, "RAS 1 D16", "CR 12 18 7").effect.replaces == (57,)
    assert say(week, "CR D16 12 18 7", "RAS 1").problem is ProblemId.RAS_AFTER_CR
    assert say(week, "CR 12 18 7", "RAS 1 D5").outcome is Outcome.ACK


def test_the_period_of_one_club_says_nothing_of_the_same_facilitators_other_club() -> None:
    periods = (("2043", date(2026, 3, 12), date(2026, 3, 18)), ("1032", date(2026, 3, 16), date(2026, 3, 18)))
    both = replace(SEVERAL, periods=periods)
    assert say(both, "CR C1032 D13 12 18 7", "RAS 1 C1032 D17").outcome is Outcome.ACK
    assert say(both, "RAS 1 C1032 D13", "CR C1032 D17 12 18 7").effect.replaces == ()
    assert say(both, "CR C2043 D13 12 18 7", "RAS 1 C2043").problem is ProblemId.RAS_AFTER_CR


def test_a_ras_of_a_named_day_is_obeyed_unless_that_day_has_a_session() -> None:
    week = replace(MOUSSA, periods=(("1032", date(2026, 3, 12), date(2026, 3, 18)),))
    asked = say(week, "CR 12 18 7", "RAS 9")
    assert asked.problem is ProblemId.RAS_AFTER_CR
    example = asked.reply.rsplit(": ", 1)[1]
    assert example == "RAS 1 D17"
    for text in (example, "RAS 9 D15"):
        assert say(week, "CR 12 18 7", text).outcome is Outcome.ACK, text
    assert say(week, "CR 12 18 7", "RAS 9 D18").problem is ProblemId.RAS_AFTER_CR
    assert say(week, "CR 12 18 7", "RAS 9 D15", "CR 12 20 7").effect.replaces == (), "a correction leaves it standing"


@pytest.mark.parametrize("text", ["RAS pluie", "RAS 8"])
def test_a_wrong_reason_is_told_the_allowed_ones_even_after_a_session(text: str) -> None:
    verdict = say(MOUSSA, "CR 12 18 7", text)
    assert verdict.problem is ProblemId.REASON
    assert "1 champs" in verdict.reply


def test_the_digit_after_a_ras_is_its_reason() -> None:
    verdict = say(MOUSSA, "RAS", "2")
    assert (verdict.outcome, verdict.values.reason, verdict.effect.version) == (Outcome.FIX, 2, 2)
    assert "motif 2 noté" in verdict.reply
    assert say(MOUSSA, "RAS", "8").problem is ProblemId.REASON
    assert say(MOUSSA, "RAS 2", "RAS 2").outcome is Outcome.INFO


def test_insecurity_is_never_written_out() -> None:
    for text in ("RAS 3", "RAS 3 attaque au village", "RAS 3 D28"):
        assert "curit" not in judge(text, MOUSSA).reply.lower()
        assert "attaque" not in judge(text, MOUSSA).reply.lower()


@pytest.mark.parametrize("text", ["CR 12 18 7", "RAS 1", "AC 1 jardin", "QZ 12 6 15 24"])
def test_a_facilitator_of_two_clubs_chooses_by_digit(text: str) -> None:
    asked = judge(text, SEVERAL)
    assert asked.outcome is Outcome.ASK
    assert "1 1032, 2 2043" in asked.reply
    chosen = say(SEVERAL, text, "2")
    assert (chosen.outcome, chosen.kind, chosen.values.club) == (Outcome.ACK, asked.kind, "2043")
    assert say(SEVERAL, text, "C1032").values.club == "1032"
    assert say(SEVERAL, text, "5").problem is ProblemId.NOT_OFFERED


def test_a_choice_between_sessions_takes_only_its_digits_and_dies_with_a_new_report() -> None:
    three = ["CR 12 18 7", "CR 13 21 4"]
    assert say(MOUSSA, *three, "3").problem is ProblemId.NOT_OFFERED
    assert say(MOUSSA, *three, "CR 12 19 7", "1").outcome is Outcome.INFO


def test_a_quiz_finds_the_session_of_its_theme() -> None:
    day = ["CR 12 18 7", "CR 13 21 4", "2", "QZ 12 6 15 24"]
    verdict = say(MOUSSA, *day, "QZ 13 5 9 20")
    assert (verdict.outcome, verdict.effect.order) == (Outcome.ACK, 2)
    assert Flag.NO_SESSION not in verdict.flags
    assert say(MOUSSA, *day, "QZ 12 7 15 24").outcome is Outcome.FIX
    assert say(MOUSSA, "QZ 12 6 15 24", "QZ 13 5 9 20").problem is ProblemId.OTHER_THEME


def test_a_second_demonstration_is_a_version_and_another_event_is_not() -> None:
    assert say(MOUSSA, "DC 4 22 6", "DC 5 22 6").outcome is Outcome.FIX
    assert say(MOUSSA, "EV 1 40 35", "EV 2 40 35").outcome is Outcome.ACK
    assert say(MOUSSA, "EV 1 40 35", "EV 1 40 30").outcome is Outcome.FIX


def test_a_strangers_report_never_touches_the_facilitators() -> None:
    known = play(MOUSSA, ["CR 12 18 7"])
    stranger = replace(STRANGER, reports=tuple(replace(row, own=False) for row in known.reports), next_report=58)
    verdict = judge("CR C1032 12 30 30", stranger)
    assert (verdict.outcome, verdict.effect.number, verdict.effect.state) == (Outcome.ACK, 58, State.UNVERIFIED)
    assert "18" not in verdict.reply.replace("18 mars", "")
    moussas = replace(MOUSSA, reports=tuple(replace(row, own=False) for row in after(stranger, verdict).reports))
    assert judge("CR 12 18 8", moussas).effect.number == 57


def test_a_stranger_completes_a_draft_with_the_club_code() -> None:
    assert say(STRANGER, "CR 12 18 7").problem is ProblemId.CLUB_MISSING
    verdict = say(STRANGER, "CR 12 18 7", "C1032")
    assert (verdict.outcome, verdict.effect.state) == (Outcome.ACK, State.UNVERIFIED)
    assert say(STRANGER, "CR C1032 12 95 40", "OUI").effect.state is State.UNVERIFIED
    assert "vérifier" in say(STRANGER, "RAS 1 C1032").reply
    assert say(replace(STRANGER, known_club=lambda code: False), "CR C1032 12 18 7").problem is ProblemId.CLUB_BAD


@pytest.mark.parametrize("text", ["CR 1032 12 18 7 9 1", "CR 1032 12 18 7", "CR 1032 T12 F18 H7", "CR 9999 12 18 7 9 1"])
@pytest.mark.parametrize("sender", [SEVERAL, STRANGER], ids=["facilitator", "stranger"])
def test_a_club_code_without_its_letter_is_named_and_the_letter_completes_the_report(sender: Context, text: str) -> None:
    asked = judge(text, sender)
    assert asked.problem is (ProblemId.CLUB_BAD if "9999" in text else ProblemId.CLUB_BARE)
    assert asked.reply.endswith("Ex: C1032")
    assert stored(judge("C1032", after(sender, asked))) == (Outcome.ACK, 12, 18, 7)


@pytest.mark.parametrize("text", ["CR 1218 7 9", "CR 1218 7 9 1"])
def test_four_glued_digits_are_no_club_code(text: str) -> None:
    assert judge(text, MOUSSA).problem is ProblemId.GLUED


def test_a_club_code_before_a_reason_is_named() -> None:
    assert judge("RAS 1032 3", MOUSSA).problem is ProblemId.CLUB_BARE


def test_actions_are_numbered_done_once_and_not_noted_twice() -> None:
    assert say(MOUSSA, "AC 2 40 pieds", "AC 2  40 PIEDS").outcome is Outcome.INFO
    assert say(MOUSSA, "AC 2 40 pieds", "AC 1 jardin", "FAIT 5").effect.number == 5
    assert say(MOUSSA, "AC 2 40 pieds", "FAIT", "FAIT").problem is ProblemId.ACTION_UNKNOWN
    assert "En cours: 4" in say(MOUSSA, "AC 2 40 pieds", "FAIT 9").reply
    assert say(MOUSSA, "Q Quoi manger", "q quoi, manger ?").outcome is Outcome.INFO
    many = replace(MOUSSA, actions=tuple(OpenAction(number, "1032") for number in range(1, 12)))
    assert "8.." in judge("FAIT", many).reply
    assert judge("FAIT", replace(SEVERAL, actions=(OpenAction(2, "2043"),))).values.club == "2043"
    assert say(SEVERAL, "FAIT 2", "1").problem is ProblemId.ACTION_UNKNOWN


def test_a_stopped_number_gets_one_confirmation_and_comes_back_by_two_yeses() -> None:
    assert say(MOUSSA, "STOP", "STOP").outcome is Outcome.NONE
    assert say(MOUSSA, "STOP", "OUI").effect.do is Do.ASK_CONSENT
    assert say(MOUSSA, "STOP", "OUI", "ok").effect.do is Do.NOTHING
    assert say(MOUSSA, "STOP", "OUI", "OUI").effect.do is Do.YES
    assert say(MOUSSA, "STOP", "OUI", "NON").effect.do is Do.NO


def test_late_quiz_answers_are_kept_unscored() -> None:
    quiz = Prompt(Asked.QUIZ, NOW, NOW + timedelta(hours=72), options=("a", "b"))
    context = later(replace(MOUSSA, prompts=(quiz,)), hours=73)
    assert judge("2", context).effect.do is Do.LATE_ANSWER


def test_help_is_given_and_the_second_call_opens_a_ticket() -> None:
    assert say(MOUSSA, "AIDE", "AIDE").effect.do is Do.TICKET
    assert "FAIT 3 40" in say(MOUSSA, "AIDE fini").reply
    assert say(MOUSSA, "AIDE moi").effect.do is Do.HELP


def test_the_language_list_is_answered_by_a_digit() -> None:
    assert say(MOUSSA, "LANGUE", "2").effect.do is Do.LANGUAGE
    assert say(MOUSSA, "LANGUE", "2").values.language == "bm"
    assert judge("LANGUE klingon", MOUSSA).problem is ProblemId.LANGUAGE


@pytest.mark.parametrize("text", ["VAL 57", "REF 57", "VU 57 20 6", "PAUSE 1032 14", "REPRISE 1032", "VAL"])
def test_a_supervisors_word_from_anybody_else_is_only_explained(text: str) -> None:
    assert (judge(text, MOUSSA).outcome, judge(text, MOUSSA).effect.do) == (Outcome.INFO, Do.NOTHING)


@pytest.mark.parametrize("text", ["VAL 99", "REF 57", "VU 57 2 3", "PAUSE 2455 14", "REPRISE 2455"])
def test_a_supervisor_reaches_only_her_own_villages(text: str) -> None:
    values = Values(theme=12, women=1, men=1, club="2455", date=NOW.date())
    context = replace(SUPERVISOR, reports=(Version(57, Kind.CR, values, NOW, state=State.HELD, own=False),))
    assert (judge(text, context).outcome, judge(text, context).effect.do) == (Outcome.INFO, Do.NOTHING)


@pytest.mark.parametrize("text", ["VAL", "VU 57 20", "PAUSE 1032", "PAUSE 1032 0", "PAUSE 103 14", "INS 12", "NF 00000001"])
def test_an_incomplete_command_is_asked_back(text: str) -> None:
    assert judge(text, SUPERVISOR).outcome is Outcome.ASK


def test_an_accepted_report_counts_and_a_refused_one_does_not() -> None:
    held = play(MOUSSA, ["CR 12 95 40"])
    context = replace(SUPERVISOR, reports=held.reports)
    accepted, refused = after(context, judge("VAL 57", context)), after(context, judge("REF 57", context))
    current = accepted.current(57)
    assert current is not None
    assert current.state is State.VALID
    assert refused.current(57) is None
    assert judge("VAL 58", replace(SUPERVISOR, handovers=frozenset({58}))).effect.do is Do.ACCEPT


def test_members_and_strangers_may_not_announce_numbers() -> None:
    assert judge("INS 70123456", STRANGER).outcome is Outcome.INFO
    assert judge("INS 12", STRANGER).outcome is Outcome.INFO
    assert judge("INS 01234567", replace(MOUSSA, valid_number=lambda number: True)).effect.do is Do.ANNOUNCE


def test_sample_and_simulator_numbers_are_not_valid_by_default() -> None:
    assert valid_number("+22370123456")
    assert not valid_number("+22300000001")
    assert not valid_number("+22301234567")
    assert not valid_number("nonsense")


def test_a_report_is_dated_by_the_gateway_if_plausible() -> None:
    sent = replace(MOUSSA, sent_at=NOW - timedelta(days=2))
    assert judge("CR 12 18 7", sent).values.date == date(2026, 3, 16)
    mad = replace(MOUSSA, sent_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert judge("CR 12 18 7", mad).values.date == date(2026, 3, 18)


def test_in_january_a_day_of_december_is_last_years() -> None:
    context = replace(MOUSSA, now=datetime(2026, 1, 3, 9, tzinfo=UTC))
    assert judge("CR D28/12 12 18 7", context).values.date == date(2025, 12, 28)


def test_a_hyphen_that_could_make_a_month_is_asked() -> None:
    context = replace(MOUSSA, now=datetime(2026, 11, 10, 9, tzinfo=UTC))
    assert judge("CR D5-11 12 18 7", context).problem is ProblemId.DATE_UNCLEAR
    assert judge("CR D5-11-12 18 7", context).outcome is not Outcome.INFO


@pytest.mark.parametrize("text", ["OUI 12 18 7", "oui non", "ok mais non", "OUI pas du tout d'accord avec"])
def test_an_unclear_yes_is_asked_back(text: str) -> None:
    assert say(MOUSSA, "CR 12 95 40", text).problem is ProblemId.YES_ALONE


@pytest.mark.parametrize(
    ("text", "women", "men"),
    [("CR 12 dix-huit sept", 18, 7), ("CR 12 vingt et un deux", 21, 2), ("CR 12 quatre-vingts un", 81, None),
     ("CR 12 soixante et onze zero", 71, 0)],
)  # fmt: skip
def test_number_words_take_the_longest_match_and_wait_for_a_yes(text: str, women: int, men: int | None) -> None:
    verdict = judge(text, WITH_WORDS)
    assert (verdict.values.women, verdict.values.men) == (women, men)
    assert verdict.outcome is (Outcome.HOLD if men is not None else Outcome.ASK)


def test_a_stop_stem_in_a_report_is_flagged_for_staff() -> None:
    assert Flag.STOP_STEM in judge("CR 12 18 7 stop radio", MOUSSA).flags


def test_guests_and_members_are_told_apart() -> None:
    member = replace(MOUSSA, sender=Sender.MEMBER, clubs=())
    assert judge("12 18 7 9 1", member).outcome is Outcome.ASK
    assert Flag.UNVERIFIED in judge("CR C1032 12 18 7", member).flags


def test_explaining_a_text_gives_every_value_and_stores_nothing() -> None:
    told = explain("1", at=NOW, club="1032", after=["CR D15 12 18 7", "CR D15/3 T13 F21 H4"])
    assert (told["outcome"], told["kind"]) == ("FIX", "CR")
    values = told["values"]
    assert isinstance(values, dict)
    assert (values["theme"], values["women"], values["radio"], values["date"]) == (13, 21, None, "2026-03-15")
    assert explain("FAIT 3 40", at=NOW, club="1032")["outcome"] == "ACK"
    assert explain("FAIT", at=NOW, club="1032")["number"] == 3
    assert explain("AN 57", at=NOW, club="1032")["outcome"] == "ACK"
    assert explain("annulé", at=NOW, club="1032")["outcome"] == "ACK"
    assert explain("VAL 57", at=NOW, club="1032", sender="supervisor")["outcome"] == "ACK"
    assert explain("12 18 7 9 1", at=NOW, club="1032", sender="unknown")["outcome"] == "ASK"


def test_a_text_of_more_than_ten_parts_is_left_to_staff_but_stops_if_it_says_so() -> None:
    assert judge("CR 12 18 7 " + "merci " * 300, MOUSSA).effect.do is Do.INBOX
    assert judge("CR 12 18 7 " + "merci " * 200, MOUSSA).effect.do is Do.STORE
    assert judge("STOP " * 400, MOUSSA).effect.do is Do.OPT_OUT
    assert judge("H7 " * 600, play(MOUSSA, ["CR 12 18"])).effect.do is Do.INBOX


def test_judging_changes_nothing() -> None:
    before: Context = play(MOUSSA, ["CR 12 18"])
    assert judge("H7", before) == judge("H7", before)
