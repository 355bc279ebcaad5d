"""What the lists show, to whom, and in which pages."""

from datetime import date, datetime, timedelta

import pytest

from clubs.records import Inquiry, InquiryKind, Report, ReportState
from console.api.tokens import Scope
from messaging.models import Direction, Message, MessageState
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.api.conftest import Call
from tests.world import World
from translations.models import Variant


@pytest.fixture
def disclosed(database: Database, world: World, now: datetime) -> dict[str, int]:
    """Three texts from Awa: a greeting, a disclosure in quarantine, and our answer to the greeting."""
    with database.writing() as session:
        rows = {
            name: Message(
                direction=Direction.IN if name != "answer" else Direction.OUT,
                channel_id=world.channel,
                contact_id=world.contacts["awa"],
                text=f"texte {name}",
                state=MessageState.HANDLED if name != "answer" else MessageState.QUEUED,
                external_id=f"sim-{name}",
                not_before=now,
                created_at=now + timedelta(minutes=minute),
            )
            for minute, name in enumerate(("greeting", "disclosure", "answer"))
        }
        session.add_all(rows.values())
        session.flush()
        rows["answer"].answers_id = rows["greeting"].id
        session.add(
            Inquiry(
                number=1,
                kind=InquiryKind.PROTECTION,
                contact_id=world.contacts["awa"],
                message_id=rows["disclosure"].id,
                received_at=now,
                due_at=now,
            )
        )
        return {name: row.id for name, row in rows.items()}


def test_a_member_has_no_name_and_no_number_without_the_scope_for_people(call: Call, world: World) -> None:
    member = call(f"/members/{world.members['awa']}", Scope.CLUBS).json
    assert member is not None
    assert (member["club"], member["sex"]) == (next(iter(world.clubs)), "F")
    assert (member["name"], member["number"], member["life_stage"]) == (None, None, None)


def test_with_the_scope_for_people_the_name_is_shown_and_the_number_masked(call: Call, world: World) -> None:
    member = call(f"/members/{world.members['awa']}", Scope.CLUBS, Scope.PEOPLE).json
    assert member is not None
    assert (member["name"], member["number"]) == ("Awa", "00 •• •• 01")


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        pytest.param("/contacts", (Scope.PEOPLE,), id="contacts without read:numbers"),
        pytest.param("/members", (Scope.CLUBS, Scope.NUMBERS), id="members without read:people"),
    ],
)
def test_whole_numbers_need_both_scopes(call: Call, world: World, path: str, scopes: tuple[Scope, ...]) -> None:
    refused = call(f"{path}?whole_numbers=true", *scopes)
    assert refused.status_code == 403
    assert "+223" not in refused.text


@pytest.mark.parametrize("path", [pytest.param("/contacts", id="contacts"), pytest.param("/members", id="members")])
def test_each_reading_of_whole_numbers_is_noted(call: Call, database: Database, world: World, path: str) -> None:
    shown = call(f"{path}?whole_numbers=true&limit=3", Scope.CLUBS, Scope.PEOPLE, Scope.NUMBERS)
    assert world.numbers["awa"] in shown.text
    with database.reading() as session:
        entry = session.query(AuditEntry).filter_by(action="numbers.read").one()
    assert (entry.actor_kind, entry.subject_kind) == ("token", "api_token")
    assert (entry.details["of"], entry.details["count"]) == (path.strip("/").rstrip("s"), 3)


def test_a_number_is_found_by_its_body_in_any_spelling(call: Call, world: World) -> None:
    found = call("/contacts/find", Scope.PEOPLE, body={"number": "00 01 00 01"}).json
    assert found is not None
    assert [contact["id"] for contact in found["items"]] == [world.contacts["awa"]]
    assert found["items"][0]["number"] == "00 •• •• 01"
    assert sorted(found["items"][0]["consents"]) == ["call", "push"]
    assert call("/contacts/find", Scope.PEOPLE, body={"number": "76 00 00 00"}).json == {"items": [], "next": None}


def test_pages_follow_each_other_without_gap_or_repeat(call: Call, world: World) -> None:
    seen, address = [], "/members?limit=4&role=member"
    while address:
        part = call(address, Scope.CLUBS).json
        assert part is not None
        assert len(part["items"]) <= 4
        seen += [member["id"] for member in part["items"]]
        assert part["next"] is None or "role=member" in part["next"]
        address = (part["next"] or "").removeprefix("/api/v1")
    everybody = call("/members?role=member", Scope.CLUBS).json
    assert everybody is not None
    assert len(seen) > 4
    assert seen == [member["id"] for member in everybody["items"]] == sorted(set(seen))


def test_clubs_are_found_by_code_and_village(call: Call, world: World) -> None:
    code, id_ = next(iter(world.clubs.items()))
    by_code = call(f"/clubs?code={code}", Scope.CLUBS).json
    by_village = call(f"/clubs?village={world.villages[0]}", Scope.CLUBS).json
    assert by_code is not None
    assert by_village is not None
    assert [club["id"] for club in by_code["items"]] == [id_]
    assert by_code["items"][0]["village"] == "Village 01 (test)"
    assert len(by_village["items"]) == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("direction=in", ["greeting", "disclosure"], id="direction"),
        pytest.param("external_id=sim-answer", ["answer"], id="external id"),
        pytest.param("state=queued", ["answer"], id="state"),
        pytest.param("answers={greeting}", ["answer"], id="what was answered"),
        pytest.param("id={disclosure}", ["disclosure"], id="id"),
        pytest.param("contact={awa}", ["greeting", "disclosure", "answer"], id="contact"),
        pytest.param("contact={sory}", [], id="another contact"),
        pytest.param("since=2026-03-18T10:01:00Z", ["disclosure", "answer"], id="since"),
        pytest.param("since=2026-03-18T11:01:30%2B01:00", ["answer"], id="since, in another zone"),
    ],
)
def test_messages_are_found_by_each_filter(
    call: Call, world: World, disclosed: dict[str, int], query: str, found: list[str]
) -> None:
    ids = {"awa": world.contacts["awa"], "sory": world.contacts["sory"], **disclosed}
    part = call(f"/messages?{query.format(**ids)}", Scope.MESSAGES).json
    assert part is not None
    assert [message["id"] for message in part["items"]] == [disclosed[name] for name in found]


def test_a_disclosure_keeps_its_text_from_every_token(call: Call, disclosed: dict[str, int]) -> None:
    part = call("/messages", *Scope).json
    assert part is not None
    texts = {message["id"]: message["text"] for message in part["items"]}
    assert texts[disclosed["greeting"]] == "texte greeting"
    assert texts[disclosed["disclosure"]] is None
    assert call(f"/messages/{disclosed['disclosure']}", *Scope).json["text"] is None  # type: ignore[index]


def test_a_text_that_says_a_first_name_is_read_with_the_scope_for_people_only(
    call: Call, database: Database, world: World, disclosed: dict[str, int]
) -> None:
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).text = "Bonjour {prenom}."
        message = session.get_one(Message, disclosed["answer"])
        message.variant_id, message.text = world.variants["eau-propre"], "Bonjour Awa."
        session.get_one(Message, disclosed["greeting"]).variant_id = world.variants["premier-lait"]
    without, with_names = call("/messages", Scope.MESSAGES), call("/messages", Scope.MESSAGES, Scope.PEOPLE)
    assert ("Awa" in without.text, "Awa" in with_names.text) == (False, True)
    assert "texte greeting" in without.text, "what has no place for a name is read"
    assert "Awa" not in call(f"/messages/{disclosed['answer']}", Scope.MESSAGES).text


def test_a_moment_without_a_zone_is_refused(call: Call) -> None:
    assert call("/messages?since=2026-03-18T10:00:00", Scope.MESSAGES).status_code == 422


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("", [1, 1, 2], id="every version"),
        pytest.param("?state=valid", [1, 2], id="what counts"),
        pytest.param("?kind=RAS", [2], id="kind"),
        pytest.param("?since=2026-03-12", [2], id="from a day on"),
        pytest.param("?until=2026-03-11", [1, 1], id="through a day"),
        pytest.param("?club={other}", [], id="another club"),
        pytest.param("?number=1", [1, 1], id="number"),
        pytest.param(f"?number={2**31 - 1}", [], id="the largest number"),
    ],
)
def test_reports_are_found_by_each_filter(
    call: Call, database: Database, world: World, now: datetime, query: str, numbers: list[int]
) -> None:
    code, other = list(world.clubs)[:2]
    rows = (
        (1, 1, "CR", date(2026, 3, 11), ReportState.REPLACED),
        (1, 2, "CR", date(2026, 3, 11), ReportState.VALID),
        (2, 1, "RAS", date(2026, 3, 18), ReportState.VALID),
    )
    with database.writing() as session:
        for number, version, kind, day, state in rows:
            session.add(
                Report(
                    number=number,
                    version=version,
                    kind=kind,
                    club_id=world.clubs[code],
                    session_date=day,
                    values={"women": 18, "radio": True},
                    note="la note reste ici",
                    state=state,
                    flags=[],
                    reported_at=now,
                )
            )
    answer = call(f"/reports{query.format(other=other)}", Scope.REPORTS)
    assert answer.json is not None
    assert [report["number"] for report in answer.json["items"]] == numbers
    assert "la note reste ici" not in answer.text
