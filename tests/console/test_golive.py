"""Passage au réel: nothing leaves by a real gateway until everything listed is there, then to two villages, then to all."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.audiences import members
from campaigns.candidates import LeftOut
from campaigns.filters import Filter
from clubs.models import Village
from console import readiness
from console.staff import Role, RoleName, Staff
from messaging import money
from messaging.models import Budget, Channel, Consent, Purpose, Route
from runtime.audit import AuditEntry
from runtime.database import Database, Session
from runtime.installation import Opening, close, installation, open_to, pilot_villages
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations.models import Content, ContentKind, Variant, VariantState

R = RoleName
HERE = "/reglages/passage-au-reel"
DECLARED = {"apdp": "APDP-2026-17", "country": "Mali", "transfer": "aucun", "keys_sealed": "2026-11-02"}


@pytest.fixture
def adama(signed_in: SignedIn, world: World) -> FlaskClient:
    """Administration."""
    return signed_in(R.ADMINISTRATION)


def made_ready(database: Database, world: World) -> None:
    """Everything on the list, but for the simulation that is still to be left."""
    now = datetime.now(UTC)
    with database.writing() as session:
        place = installation(session)
        place.declared = dict(DECLARED)
        real = Channel(name="orange", gateway="kannel", number="36019", kinds=["sms"], token="x" * 40, token_index=b"x" * 32)
        real.price_per_part, real.health, real.created_at = 15, "ok", now
        session.add(real)
        session.flush()
        money.set_cap(session, f"channel:{real.id}", 50_000, now)
        phone = session.scalar(select(Consent.contact_id).limit(1)) or world.contacts["awa"]
        session.add(
            Consent(contact_id=phone, purpose=Purpose.PUSH, given_at=now, via="paper", witness="Issa", script_version="1")
        )


def left(database: Database) -> list[str]:
    with database.reading() as session:
        return [one.id for one in readiness.points(session, datetime.now(UTC)) if not one.done]


def opening(database: Database) -> tuple[Opening, list[int]]:
    with database.reading() as session:
        place = installation(session)
        return place.opening, place.pilot


def test_a_new_installation_says_all_that_is_missing(adama: FlaskClient, database: Database) -> None:
    assert left(database) == ["real", "apdp", "country", "transfer", "keys", "consents", "gateway", "prices", "budget"]
    page = adama.get(HERE).text
    assert page.count(">Manque<") == 9
    assert "Quitter la simulation" in page


def test_the_whole_way_from_simulation_to_everybody(adama: FlaskClient, world: World, database: Database) -> None:
    send(adama, HERE, DECLARED)
    send(adama, f"{HERE}/quitter")
    made_ready(database, world)
    assert left(database) == []
    send(adama, f"{HERE}/ouvrir")
    assert opening(database)[0] is Opening.CLOSED, "two villages come first"
    send(adama, f"{HERE}/pilote", {"villages": [str(each) for each in world.villages]})
    assert opening(database) == (Opening.PILOT, sorted(world.villages))
    send(adama, f"{HERE}/ouvrir")
    assert opening(database) == (Opening.OPEN, [])
    send(adama, f"{HERE}/fermer")
    assert opening(database) == (Opening.CLOSED, [])
    with database.reading() as session:
        acts = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert [one for one in acts if one in ("declare", "leave_simulation", "open_pilot", "open_all", "close_sending")] == [
        "declare",
        "leave_simulation",
        "open_pilot",
        "open_all",
        "close_sending",
    ]


def no_apdp(database: Database) -> None:
    with database.writing() as session:
        installation(session).declared = {**DECLARED, "apdp": ""}


def an_approver(session: Session) -> Staff:
    """One of the two."""
    return session.query(Staff).filter(Staff.roles.any(Role.name == R.VALIDATION)).order_by(Staff.id).limit(1).one()


def one_approver(database: Database) -> None:
    with database.writing() as session:
        an_approver(session).active = False


def an_approver_of_the_demonstration(database: Database) -> None:
    with database.writing() as session:
        an_approver(session).username = "demo.validation"


def reply_in_french_alone(database: Database) -> None:
    with database.writing() as session:
        content = Content(key="reply-x", kind=ContentKind.REPLY, title="x")
        session.add(content)
        session.flush()
        french = Variant(content_id=content.id, language="fr", version=1, text="Merci.", state=VariantState.APPROVED)
        french.written_at = french.approved_at = datetime.now(UTC)
        session.add(french)
        session.query(Village).order_by(Village.id).limit(1).one().language = "bm"


def no_price(database: Database) -> None:
    with database.writing() as session:
        session.query(Channel).filter_by(name="orange").one().price_per_part = 0


def not_tested(database: Database) -> None:
    with database.writing() as session:
        session.query(Channel).filter_by(name="orange").one().health = "credentials"


def no_cap(database: Database) -> None:
    with database.writing() as session:
        session.query(Budget).delete()


def no_witness(database: Database) -> None:
    with database.writing() as session:
        session.query(Consent).update({Consent.witness: None})


def no_voice(database: Database) -> None:
    with database.writing() as session:
        row = session.query(Channel).filter_by(name="orange").one()
        row.kinds, row.price_per_minute = ["sms", "voice"], 60


def reply_unapproved(database: Database) -> None:
    with database.writing() as session:
        session.add(Content(key="reply-x", kind=ContentKind.REPLY, title="x"))


@pytest.mark.parametrize(
    ("lapse", "point"),
    [
        (no_apdp, "apdp"),
        (one_approver, "approvers"),
        (an_approver_of_the_demonstration, "approvers"),
        (reply_in_french_alone, "replies-bm"),
        (no_price, "prices"),
        (not_tested, "gateway"),
        (no_cap, "budget"),
        (no_witness, "consents"),
        (no_voice, "voice-fr"),
        (reply_unapproved, "replies-fr"),
    ],
    ids=[
        "no APDP",
        "one approver",
        "an invented approver",
        "French stands in",
        "no price",
        "not tested",
        "no cap",
        "no witness",
        "no voice pack",
        "a reply not approved",
    ],
)
def test_one_missing_point_keeps_sending_closed(
    adama: FlaskClient, world: World, database: Database, lapse: Callable[[Database], None], point: str
) -> None:
    send(adama, f"{HERE}/quitter")
    made_ready(database, world)
    lapse(database)
    assert left(database) == [point]
    send(adama, f"{HERE}/pilote", {"villages": [str(each) for each in world.villages]})
    assert opening(database)[0] is Opening.CLOSED
    assert "Il manque encore" in adama.get(HERE).text


@pytest.mark.parametrize("chosen", [[], ["1"], ["1", "99"], ["x", "y"]], ids=["none", "one", "one unknown", "no numbers"])
def test_a_pilot_is_two_villages(adama: FlaskClient, world: World, database: Database, chosen: list[str]) -> None:
    send(adama, f"{HERE}/quitter")
    made_ready(database, world)
    send(adama, f"{HERE}/pilote", {"villages": chosen})
    assert opening(database)[0] is Opening.CLOSED


def test_the_demonstration_is_never_real(adama: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        installation(session).demonstration = True
    send(adama, f"{HERE}/quitter")
    with database.reading() as session:
        assert installation(session).simulation
    assert "Retirez-la" in adama.get(HERE).text


def test_a_moved_clock_never_becomes_real(adama: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        installation(session).offset_seconds = 3600
    send(adama, f"{HERE}/quitter")
    with database.reading() as session:
        assert installation(session).simulation


def test_members_outside_the_pilot_are_left_out_with_the_reason(world: World, database: Database, now: datetime) -> None:
    def reasons() -> dict[int, LeftOut | None]:
        everybody = Filter(one_phone_per_club=False)
        return {one.member_id: one.reason_left_out(Route.SMS) for one in members(session, everybody, now.date())}

    with database.writing() as session:
        installation(session).simulation = False
        session.flush()
        open_to(session, [world.villages[0]])
        assert reasons()[world.members["sory"]] is LeftOut.PILOT
        assert reasons()[world.members["moussa"]] is None
        open_to(session, None)
        assert pilot_villages(session) is None
        assert LeftOut.PILOT not in reasons().values()
        close(session)
        assert installation(session).opening is Opening.CLOSED
