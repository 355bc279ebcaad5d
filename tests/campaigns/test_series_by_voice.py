"""A life-stage series by ear: agreed to apart, ended by FIN, asked again after three silent months; and packs one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import enrolments
from campaigns.models import Campaign, CampaignEvent, CampaignState, Enrolment, EnrolmentState, Repeat
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Consent, Contact, Message, Purpose
from messaging.steps import from_json, sounds
from tests.calls import NOW, Line, clip, prompt, sending, words
from tests.test_transcripts import Phones
from tests.world import World
from translations import packs
from translations.content_entries import Pack
from translations.models import VoicePack

SAID = (
    "who",
    "menu_main",
    "menu_out",
    "goodbye",
    "consent_yes",
    "no_content",
    "series_ask",
    "series_done",
    "no_key",
    "wrong_key",
)
ACTIVE, SUSPENDED, ENDED = EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED, EnrolmentState.ENDED


def place(exchange: Exchange, world: World, state: EnrolmentState = SUSPENDED, name: str = "awa") -> int:
    with exchange.database.writing() as session:
        campaign = Campaign(name="Mille jours", created_at=NOW, state=CampaignState.RUNNING)
        session.add(campaign)
        session.flush()
        session.add(
            CampaignEvent(campaign_id=campaign.id, content_id=world.contents["eau-propre"], repeat=Repeat.STAGE, months_after=6)
        )
        row = Enrolment(
            campaign_id=campaign.id,
            member_id=world.members[name],
            anchor_month=NOW.date().replace(day=1),
            state=state,
            enrolled_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.id


def state(exchange: Exchange, id_: int) -> EnrolmentState:
    with exchange.database.reading() as session:
        return session.get_one(Enrolment, id_).state


def agreed(exchange: Exchange, world: World, name: str = "awa") -> bool:
    with exchange.database.reading() as session:
        return contacts.has_consent(session, world.contacts[name], Purpose.SERIES)


@pytest.fixture
def line(exchange: Exchange, client: FlaskClient, world: World) -> Line:
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    return Line(exchange, client, world, reason="bip")


def test_a_place_that_waits_asks_for_an_agreement_of_its_own(exchange: Exchange, world: World, line: Line) -> None:
    id_ = place(exchange, world)
    assert words(line.answer()) == ["<who>", "<series_ask>"]
    assert line.key("1")[:2] == ["<consent_yes>", "<who>"]
    assert (state(exchange, id_), agreed(exchange, world)) == (ACTIVE, True)
    with exchange.database.reading() as session:
        assert session.get_one(Enrolment, id_).next_due == datetime(2026, 9, 1, 9, tzinfo=UTC)


def test_a_no_ends_it_and_is_not_asked_why(exchange: Exchange, client: FlaskClient, world: World, line: Line) -> None:
    id_ = place(exchange, world)
    line.answer()
    assert line.key("2")[0] == "<series_done>"
    assert (state(exchange, id_), agreed(exchange, world)) == (ENDED, False)
    line.drop()
    assert words(Line(exchange, client, world, reason="bip").answer())[:2] == ["<who>", "<no_content>"]


def test_a_silence_is_asked_again_another_time(exchange: Exchange, client: FlaskClient, world: World, line: Line) -> None:
    id_ = place(exchange, world)
    line.answer()
    assert line.key("")[0] == "<who>"
    assert state(exchange, id_) is SUSPENDED
    line.drop()
    assert words(Line(exchange, client, world, reason="bip").answer()) == ["<who>", "<series_ask>"]


def test_fin_alone_ends_the_senders_series_and_says_so_once(exchange: Exchange, client: FlaskClient, world: World) -> None:
    mine, other = place(exchange, world, ACTIVE), place(exchange, world, ACTIVE, "fatou")
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        contacts.consent(session, contact, Purpose.SERIES, NOW, via="register", script_version="1", language="fr")
    phones = Phones(exchange, client, world, NOW)
    [first] = phones.send("awa FIN")
    assert "finie" in first
    assert (state(exchange, mine), state(exchange, other), agreed(exchange, world)) == (ENDED, ACTIVE, False)
    phones.now += timedelta(hours=1)
    [second] = phones.send("awa FIN")
    assert "finie" not in second
    assert "finie" not in " ".join(phones.send("awa FIN du repas"))


@pytest.mark.parametrize(
    ("days", "heard", "after"),
    [
        pytest.param(89, None, ACTIVE, id="not yet"),
        pytest.param(91, None, SUSPENDED, id="three months of silence"),
        pytest.param(91, "call", ACTIVE, id="a message was heard"),
        pytest.param(91, "sms", ACTIVE, id="the phone wrote"),
    ],
)
def test_a_phone_nobody_is_heard_behind_is_asked_again(
    days: int, heard: str | None, after: EnrolmentState, exchange: Exchange, client: FlaskClient, world: World
) -> None:
    id_, now = place(exchange, world, ACTIVE), NOW + timedelta(days=days)
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        contacts.consent(session, contact, Purpose.SERIES, NOW, via="register", script_version="1", language="fr")
        if heard == "sms":
            contact.last_heard_at = now - timedelta(days=10)
    if heard == "call":
        line = Line(exchange, client, world, now=now - timedelta(days=10))
        with exchange.database.writing() as session:
            call = session.get_one(Call, line.id)
            call.core_reached, call.answered_at = True, line.now
    enrolments.suspend_unheard(exchange, now)
    assert state(exchange, id_) is after
    assert agreed(exchange, world) is (after is ACTIVE)


def live(exchange: Exchange, world: World, *which: Pack) -> None:
    """Every prompt of these packs recorded, approved and published, on a line that plays no drafts."""
    labels = [label for pack in which for label in packs.labels_of(pack)]
    for at, label in enumerate(labels):
        clip(exchange, world, prompt(exchange, world, label, None), f"{at:04x}")
    with exchange.database.writing() as session:
        for pack in which:
            session.add(VoicePack(language="fr", pack=pack.value, published_at=NOW, published_by=world.staff["aissata"]))
        session.get_one(Channel, world.channel).gateway = "africastalking"


def played(exchange: Exchange, world: World, line: Line) -> list[str]:
    """The labels of what the call plays first, by the sounds of its stored answer."""
    with exchange.database.reading() as session:
        call = session.get_one(Call, line.id)
        return [sound.label for sound in sounds(from_json(call.last_answer or {"steps": []}))]


@pytest.mark.parametrize(
    ("which", "heard"),
    [
        pytest.param((), [], id="no pack: only the message has a sound"),
        pytest.param((Pack.A,), ["jingle", "who"], id="pack A"),
        pytest.param((Pack.A, Pack.B), ["who", "menu_main"], id="packs A and B"),
    ],
)
def test_with_pack_a_alone_a_bip_plays_the_latest_message(
    which: tuple[Pack, ...], heard: list[str], exchange: Exchange, client: FlaskClient, world: World
) -> None:
    live(exchange, world, *which)
    clip(exchange, world, world.variants["eau-propre"], "feed", core=12.0)
    sending(exchange, world, "eau-propre")
    line, core = Line(exchange, client, world, reason="bip"), f"content:{world.contents['eau-propre']}"
    form = {"isActive": "1", "sessionId": "S1", "callerNumber": world.numbers["awa"], "direction": "Outbound"}
    answer = client.post(f"/hooks/{world.token}/call", data=form)
    assert answer.status_code == 200
    said = played(exchange, world, line)
    if Pack.B in which:
        assert said[: len(heard)] == heard
        assert {"option_latest", "option_ask"} <= set(said)
    else:
        assert said[: len(heard) + 1] == [*heard, core]
        assert not {"menu_main", "option_quiz", "option_ask", "quiz_intro"} & set(said)
        assert ("menu_out" in said) is (Pack.A in which)


def test_consents_to_a_series_are_no_consents_to_calls(exchange: Exchange, world: World, line: Line) -> None:
    place(exchange, world)
    line.answer()
    line.key("1")
    with exchange.database.reading() as session:
        rows = session.scalars(select(Consent).where(Consent.contact_id == world.contacts["awa"], Consent.via == "voice"))
        assert [row.purpose for row in rows] == [Purpose.SERIES]
        assert session.scalar(select(Message.id)) is None
