"""The words of facilitators and supervisors, from the SMS to the rows and to what everybody concerned is told."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from campaigns import conversations, telling
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, Enrolment, EnrolmentState, Repeat
from clubs.models import Club, Member, Post, Role
from clubs.notices import taken_over
from clubs.people import SpeaksAs, who_is
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState, SpotCheck
from messaging import bips, contacts, windows
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Channel, ChannelState, Contact, ContactState, Direction, Kind, Message, MessageState
from messaging.queue import queue_call, queue_reply
from tests.campaigns.test_conversations import HOUR, receive, said
from tests.world import NUMBERS, World

NEW, NEW_TYPED = "+22300088888", "00 08 88 88"
DAY = timedelta(days=1)
MONTH = date(2026, 3, 1)


def talk(exchange: Exchange, world: World, who: str, text: str, now: datetime) -> str:
    id_ = receive(exchange, world, NUMBERS.get(who, who), text, now)
    conversations.on_sms(exchange, id_, now)
    return said(exchange, id_)


def told(exchange: Exchange, who: str) -> list[str]:
    """What a phone was sent without having asked just then."""
    with exchange.database.reading() as session:
        contact = contacts.find(session, NUMBERS.get(who, who))
        assert contact is not None
        unasked = (Message.contact_id == contact.id, Message.direction == Direction.OUT, Message.answers_id.is_(None))
        return [str(row.text) for row in session.scalars(select(Message).where(*unasked).order_by(Message.id))]


@pytest.fixture
def oumar(exchange: Exchange, world: World, now: datetime) -> World:
    """Oumar supervises Awa's village, not Sory's."""
    with exchange.database.writing() as session:
        member = session.get_one(Member, world.members["oumar"])
        member.role = Role.SUPERVISOR
        session.add(Post(member_id=member.id, village_id=world.villages[0], since=now.date()))
    return world


def states(exchange: Exchange) -> list[ReportState]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Report.state).order_by(Report.id)))


def test_an_accepted_handover_gives_the_club_to_the_new_number_and_tells_both(
    exchange: Exchange, oumar: World, now: datetime
) -> None:
    assert "No 1: relais du club 1032" in talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    assert told(exchange, "oumar") == ["No 1: le club 1032 demande à passer au 00 08 88 88. D'accord: tapez VAL 1. Sinon: REF 1."]
    assert "relais accepté" in talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    assert told(exchange, "moussa")[0].startswith("C'est fait: le club 1032 passe")
    assert told(exchange, NEW) == [], "nothing goes to a number that was only announced"
    talk(exchange, oumar, NEW, "OUI", now + HOUR)
    assert told(exchange, NEW)[0].startswith("Lamen: vous animez maintenant le club 1032")
    with exchange.database.reading() as session:
        new, old = contacts.find(session, NEW), session.get_one(Contact, oumar.contacts["moussa"])
        assert new is not None
        assert who_is(session, new, now.date()).clubs == ("1032",)
        assert who_is(session, new, now.date()).speaks_as is SpeaksAs.FACILITATOR
        assert who_is(session, old, now.date()).speaks_as is SpeaksAs.MEMBER
        made = session.scalars(select(Member).where(Member.contact_id == new.id)).one()
        assert made.sex is None, "nobody has said it"
    assert talk(exchange, oumar, NEW, "CR 12 18 7", now + 2 * HOUR).startswith("Merci. No 2: club 1032")
    assert "code" in talk(exchange, oumar, "moussa", "CR 12 18 7", now + 2 * HOUR)


@pytest.mark.parametrize("bips_first", [True, False], ids=["a bip before the VAL", "a bip after it"])
def test_a_successor_who_only_bips_is_told_once(exchange: Exchange, oumar: World, now: datetime, bips_first: bool) -> None:
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)

    def bip(at: datetime) -> None:
        with exchange.database.writing() as session:
            who = contacts.find_or_create(session, NEW, at)
            bips.call_back(session, session.get_one(Channel, oumar.channel), who, at, windows.of(exchange.settings))

    if bips_first:
        with exchange.database.writing() as session:
            contacts.find_or_create(session, NEW, now, state=ContactState.ANNOUNCED)
        bip(now)
    talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    assert telling.welcome(exchange, now + HOUR) == 0, "told already, or silent yet"
    assert len(told(exchange, NEW)) == bips_first
    bip(now + 2 * HOUR)
    assert telling.welcome(exchange, now + 2 * HOUR) == (not bips_first)
    assert [text[:41] for text in told(exchange, NEW)] == ["Lamen: vous animez maintenant le club 1032"[:41]]
    assert telling.welcome(exchange, now + 3 * HOUR) == 0


@pytest.fixture
def handed_on(exchange: Exchange, oumar: World, now: datetime) -> World:
    """A handover that was accepted, to a number that then bipped."""
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    with exchange.database.writing() as session:
        contacts.find_or_create(session, NEW, now).state = ContactState.ACTIVE
    return oumar


def test_a_successor_who_could_not_be_told_yet_is_told_later(exchange: Exchange, handed_on: World, now: datetime) -> None:
    def channels_are(state: ChannelState) -> None:
        with exchange.database.writing() as session:
            session.execute(update(Channel).values(state=state))

    channels_are(ChannelState.REMOVED)
    assert telling.welcome(exchange, now + HOUR) == 0
    channels_are(ChannelState.ACTIVE)
    assert telling.welcome(exchange, now + 2 * HOUR) == 1
    assert len(told(exchange, NEW)) == 1


def test_two_who_tell_a_successor_at_once_tell_her_once(exchange: Exchange, handed_on: World, now: datetime) -> None:
    with ThreadPoolExecutor(1) as threads:
        with exchange.database.writing() as session:
            found = taken_over(session, now + HOUR)
            other = threads.submit(telling.welcome, exchange, now + HOUR)
            wait([other], 0.5)
            assert len(telling.tell(session, exchange, found, now + HOUR)) == 1
        assert other.result() == 0
    assert len(told(exchange, NEW)) == 1


def test_a_guest_is_told_how_to_end_an_action_of_the_other_club_and_can(exchange: Exchange, oumar: World, now: datetime) -> None:
    assert "Tapez FAIT 1 C2043" in talk(exchange, oumar, "moussa", "AC C2043 2 40 pieds de moringa", now)
    assert "Tapez FAIT 1" in talk(exchange, oumar, "moussa", "AC 1 un jardin", now + HOUR)
    assert "Action 1 faite. Club 1032" in talk(exchange, oumar, "moussa", "FAIT 1", now + 2 * HOUR)
    assert "quantité 40. Club 2043" in talk(exchange, oumar, "moussa", "FAIT 1 40 C2043", now + 3 * HOUR)
    talk(exchange, oumar, "sory", "AC 2 des plants", now + 4 * HOUR)
    assert "Pas d'action 2 en cours" in talk(exchange, oumar, "moussa", "FAIT 2 C2043", now + 5 * HOUR), "Sory's own is not hers"


def test_until_it_is_accepted_a_handover_changes_nothing(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    assert talk(exchange, oumar, "moussa", "CR 12 18 7", now + HOUR).startswith("Merci. No 2")
    assert states(exchange) == [ReportState.HELD, ReportState.VALID]


def test_a_refused_handover_leaves_the_club_where_it_is(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    assert "relais refusé" in talk(exchange, oumar, "oumar", "REF 1", now + HOUR)
    assert "n'accepte pas le relais" in told(exchange, "moussa")[0]
    assert "rien à décider" in talk(exchange, oumar, "oumar", "VAL 1", now + 2 * HOUR)
    assert talk(exchange, oumar, "moussa", "CR 12 18 7", now + 3 * HOUR).startswith("Merci. No 2")


def test_a_handover_is_decided_by_nobody_but_the_villages_supervisor(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "sory", f"NF {NEW_TYPED}", now)
    assert told(exchange, "oumar") == []
    assert "rien à décider" in talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    talk(exchange, oumar, "moussa", "NF 00 08 88 89", now + HOUR)
    assert "réservé" in talk(exchange, oumar, "sory", "VAL 2", now + 2 * HOUR)
    assert "réservé" in talk(exchange, oumar, "moussa", "VAL 2", now + 2 * HOUR)
    assert states(exchange) == [ReportState.HELD, ReportState.HELD]


def test_a_handover_to_a_member_of_the_club_makes_nobody_twice(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "NF 00 01 00 04", now)  # Binta's
    talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    with exchange.database.reading() as session:
        binta = session.get_one(Member, oumar.members["binta"])
        assert binta.role is Role.FACILITATOR
        assert session.scalars(select(Member).where(Member.contact_id == oumar.contacts["binta"])).all() == [binta]


def test_a_handover_and_back_on_one_day(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "NF 00 01 00 04", now)
    talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    talk(exchange, oumar, "binta", "NF 00 01 00 02", now + 2 * HOUR)
    talk(exchange, oumar, "oumar", "VAL 2", now + 3 * HOUR)
    assert talk(exchange, oumar, "moussa", "CR 12 18 7", now + 4 * HOUR).startswith("Merci. No 3")


def test_an_undo_takes_back_a_waiting_handover_but_no_accepted_one(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    assert "No 1 annulé" in talk(exchange, oumar, "moussa", "AN", now + HOUR)
    talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now + 2 * HOUR)
    talk(exchange, oumar, "oumar", "VAL 2", now + 3 * HOUR)
    assert "Rien n'est annulé" in talk(exchange, oumar, "moussa", "AN 2", now + 4 * HOUR)
    assert states(exchange) == [ReportState.CANCELLED, ReportState.VALID]


def test_a_facilitator_of_two_clubs_says_which_one_she_hands_over(exchange: Exchange, oumar: World, now: datetime) -> None:
    third = list(oumar.clubs)[2]
    with exchange.database.writing() as session:
        session.add(Post(member_id=oumar.members["moussa"], club_id=oumar.clubs[third], since=now.date()))
    assert "Quel club?" in talk(exchange, oumar, "moussa", f"NF {NEW_TYPED}", now)
    assert f"du club {third}" in talk(exchange, oumar, "moussa", f"NF C{third} {NEW_TYPED}", now)
    talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    with exchange.database.reading() as session:
        moussa = session.get_one(Contact, oumar.contacts["moussa"])
        assert who_is(session, moussa, now.date()).clubs == ("1032",)
    assert "pas dans vos villages" in talk(exchange, oumar, "moussa", f"NF C2043 {NEW_TYPED}", now + HOUR)


def test_a_refused_report_counts_no_more_and_its_sender_is_told(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "CR 12 95 40", now)
    assert "L'animateur est prévenu" in talk(exchange, oumar, "oumar", "REF 1 trop", now + HOUR)
    assert told(exchange, "moussa") == [
        "Rapport No 1, club 1032: pas compté par la supervision. Appelez-la, ou renvoyez-le corrigé."
    ]
    assert states(exchange) == [ReportState.CANCELLED]


def test_an_accepted_report_counts(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "CR 12 95 40", now)
    assert "accepté" in talk(exchange, oumar, "oumar", "VAL 1", now + HOUR)
    assert states(exchange) == [ReportState.VALID]
    assert "rien à décider" in talk(exchange, oumar, "oumar", "REF 1", now + 2 * HOUR)


def test_a_supervisors_word_from_others_is_explained_and_changes_nothing(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "CR 12 95 40", now)
    for who in ("moussa", "sory", "awa", "+22300019999"):
        for minutes, text in enumerate(("VAL 1", "REF 1", "VU 1 20 6", "PAUSE 1032 14", "REPRISE 1032"), 1):
            reply = talk(exchange, oumar, who, text, now + timedelta(minutes=minutes))
            assert "réservé aux superviseurs" in reply, (who, text)
    with exchange.database.reading() as session:
        assert session.scalars(select(Report.state)).all() == [ReportState.HELD]
        assert session.get_one(Club, oumar.clubs["1032"]).paused_until is None
        assert session.scalars(select(SpotCheck)).all() == []
    assert told(exchange, "moussa") == []


def test_insecurity_is_told_to_the_supervisor_as_a_number(exchange: Exchange, oumar: World, now: datetime) -> None:
    reply = talk(exchange, oumar, "moussa", "RAS 3 C1032 D15", now)
    assert "motif 3 noté" in reply
    assert told(exchange, "oumar") == [
        "Club 1032, dim. 15 mars: pas de séance, motif 3 (No 1). Appelez l'animateur ou l'animatrice. Restez prudents."
    ]
    talk(exchange, oumar, "sory", "RAS 3", now)
    talk(exchange, oumar, "moussa", "RAS 1 D9", now + HOUR)
    assert len(told(exchange, "oumar")) == 1


def test_a_digit_that_gives_insecurity_as_the_reason_is_told_too(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "RAS", now)
    assert told(exchange, "oumar") == []
    talk(exchange, oumar, "moussa", "3", now + HOUR)
    assert len(told(exchange, "oumar")) == 1


def test_a_supervisor_who_said_stop_is_told_nothing(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "oumar", "STOP", now)
    talk(exchange, oumar, "moussa", "RAS 3", now + HOUR)
    assert told(exchange, "oumar") == []


def queued(exchange: Exchange, world: World, who: str, now: datetime, kind: Kind) -> int:
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts[who])
        row = queue_reply(session, exchange, contact, "Rappel", now, channel_id=world.channel, answers=None, kind=kind)
        assert row is not None
        return row.id


def state_of(exchange: Exchange, message_id: int) -> MessageState:
    with exchange.database.reading() as session:
        return session.get_one(Message, message_id).state


def test_a_pause_stops_at_once_what_is_queued_for_the_club_and_nothing_else(
    exchange: Exchange, oumar: World, now: datetime
) -> None:
    awa = queued(exchange, oumar, "awa", now, Kind.REMINDER)
    reply = queued(exchange, oumar, "binta", now, Kind.REPLY)
    sory = queued(exchange, oumar, "sory", now, Kind.REMINDER)
    later = queued(exchange, oumar, "awa", now + 20 * DAY, Kind.REMINDER)
    with exchange.database.writing() as session:
        binta = session.get_one(Contact, oumar.contacts["binta"])
        call = queue_call(session, None, binta, None, now, session.get_one(Channel, oumar.channel), Kind.REMINDER)
        session.add(call)
        session.flush()
        call_id = call.id
    assert "jusqu'au 1er avril" in talk(exchange, oumar, "oumar", "PAUSE 1032 14", now + HOUR)
    assert state_of(exchange, awa) is MessageState.SUPPRESSED
    assert [state_of(exchange, id_) for id_ in (reply, sory, later)] == [MessageState.QUEUED] * 3
    with exchange.database.reading() as session:
        assert session.get_one(Call, call_id).state is CallState.SUPPRESSED
        assert session.get_one(Club, oumar.clubs["1032"]).paused_until == date(2026, 4, 1)
    assert talk(exchange, oumar, "moussa", "CR 12 18 7", now + 2 * HOUR).startswith("Merci."), "direct replies go on"
    talk(exchange, oumar, "oumar", "REPRISE 1032", now + 3 * HOUR)
    with exchange.database.reading() as session:
        assert session.get_one(Club, oumar.clubs["1032"]).paused_until is None


def test_a_pause_by_sms_excuses_what_is_due_from_today_and_takes_its_reminder_back(
    exchange: Exchange, oumar: World, now: datetime
) -> None:
    reminder = queued(exchange, oumar, "sory", now, Kind.REMINDER)  # Sory's phone stands in; it is not the club's
    with exchange.database.writing() as session:
        for days in (-7, 0):
            due = now.date() + timedelta(days=days)
            row = ExpectedReport(club_id=oumar.clubs["1032"], due_on=due, state=ExpectedState.WAITING)
            row.reminder_id = reminder if days == 0 else None
            session.add(row)
    talk(exchange, oumar, "oumar", "PAUSE 1032 14", now + HOUR)
    assert state_of(exchange, reminder) is MessageState.CANCELLED
    with exchange.database.reading() as session:
        found = session.scalars(select(ExpectedReport.state).order_by(ExpectedReport.due_on)).all()
        assert found == [ExpectedState.WAITING, ExpectedState.EXCUSED]


@pytest.mark.parametrize("shares", ["member", "facilitator"])
def test_a_phone_that_serves_another_club_keeps_what_is_meant_for_it(
    exchange: Exchange, oumar: World, now: datetime, shares: str
) -> None:
    with exchange.database.writing() as session:
        if shares == "member":
            member = Member(club_id=oumar.clubs["2043"], contact_id=oumar.contacts["moussa"], role=Role.MEMBER, joined_at=now)
            session.add(member)
        else:
            session.add(Post(member_id=oumar.members["moussa"], club_id=oumar.clubs["2043"], since=now.date()))
    kept = queued(exchange, oumar, "moussa", now, Kind.REMINDER)
    awa = queued(exchange, oumar, "awa", now, Kind.REMINDER)
    talk(exchange, oumar, "oumar", "PAUSE 1032 14", now + HOUR)
    assert [state_of(exchange, id_) for id_ in (kept, awa)] == [MessageState.QUEUED, MessageState.SUPPRESSED]


def test_a_club_of_another_village_is_not_paused(exchange: Exchange, oumar: World, now: datetime) -> None:
    assert "pas dans vos villages" in talk(exchange, oumar, "oumar", "PAUSE 2043 14", now)
    with exchange.database.reading() as session:
        assert session.get_one(Club, oumar.clubs["2043"]).paused_until is None


def test_a_count_nobody_drew_is_kept_as_unasked_and_a_drawn_one_as_asked(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "CR 12 18 7", now)
    talk(exchange, oumar, "moussa", "CR D17 12 20 7", now)
    with exchange.database.writing() as session:
        second = session.scalars(select(Report).where(Report.number == 2)).one()
        drawn = SpotCheck(report_id=second.id, supervisor_id=oumar.members["oumar"], drawn_on=now.date(), month=MONTH)
        session.add(drawn)
    talk(exchange, oumar, "moussa", "CR D17 12 21 7", now)  # corrected after the draw
    talk(exchange, oumar, "oumar", "VU 1 17 7", now + HOUR)
    talk(exchange, oumar, "oumar", "VU 2 20 6", now + HOUR)
    talk(exchange, oumar, "oumar", "VU 2 19 6", now + 2 * HOUR)
    with exchange.database.reading() as session:
        rows = session.execute(select(SpotCheck.month, SpotCheck.women, SpotCheck.men).order_by(SpotCheck.report_id)).all()
        assert rows == [(None, 17, 7), (MONTH, 19, 6)]


def test_only_sessions_are_counted_on_the_spot(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "RAS 1", now)
    assert "rien à décider" in talk(exchange, oumar, "oumar", "VU 1 17 7", now + HOUR)


def test_an_announced_number_belongs_to_the_club_and_is_active_by_its_own_yes(
    exchange: Exchange, oumar: World, now: datetime
) -> None:
    assert "00 08 88 88 annoncé, club 1032" in talk(exchange, oumar, "moussa", f"INS {NEW_TYPED}", now)
    with exchange.database.reading() as session:
        contact = contacts.find(session, NEW)
        assert contact is not None
        assert contact.state is ContactState.ANNOUNCED
        assert session.scalars(select(Member.club_id).where(Member.contact_id == contact.id)).all() == [oumar.clubs["1032"]]
    assert told(exchange, NEW) == []
    assert talk(exchange, oumar, NEW, "OUI", now + HOUR).startswith("Bienvenue.")
    with exchange.database.reading() as session:
        contact = contacts.find(session, NEW)
        assert contact is not None
        assert contact.state is ContactState.ACTIVE


def test_announcing_a_number_we_know_changes_nothing(exchange: Exchange, oumar: World, now: datetime) -> None:
    talk(exchange, oumar, "moussa", "INS 00 01 00 04", now)
    with exchange.database.reading() as session:
        assert session.get_one(Contact, oumar.contacts["binta"]).state is ContactState.ACTIVE
        assert len(session.scalars(select(Member).where(Member.contact_id == oumar.contacts["binta"])).all()) == 1


def test_fin_alone_ends_the_series_of_everybody_behind_the_phone(exchange: Exchange, oumar: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        campaign = Campaign(name="Grossesse", audience=Filter().to_json(), created_at=now)
        campaign.events.append(CampaignEvent(content_id=oumar.contents["repas-en-plus"], repeat=Repeat.STAGE, months_after=3))
        session.add(campaign)
        session.flush()
        for name in ("awa", "binta"):
            session.add(
                Enrolment(campaign_id=campaign.id, member_id=oumar.members[name], anchor_month=date(2026, 3, 1), enrolled_at=now)
            )
    assert "finie pour vous" in talk(exchange, oumar, "awa", "fin.", now + HOUR)
    with exchange.database.reading() as session:
        found = dict(session.execute(select(Enrolment.member_id, Enrolment.state)).all())
        assert found[oumar.members["awa"]] is EnrolmentState.ENDED
        assert found[oumar.members["binta"]] is EnrolmentState.ACTIVE
    assert "FINI 3?" in talk(exchange, oumar, "moussa", "FIN 3", now + 2 * HOUR)
