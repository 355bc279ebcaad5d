"""Sory, of another village, finds nothing of Awa's club: every page is as it was before her club was there, and its ids are none.

The walk covers each route that is there. A new page that takes an id must be named below, with the row that it is about, or with
the reason why no village owns it.
"""

import inspect
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from clubs.models import Club, Member, Village
from clubs.records import Action, Inquiry, Report
from console.access import declared, outside
from console.staff import RoleName
from messaging.models import Contact, Message
from runtime.database import Database
from tests import awas
from tests.console.conftest import SignedIn, send
from tests.world import World

SORYS = (RoleName.TERRAIN, RoleName.SUIVI)
# Whose row a route's argument names; each of tests/awas.py's rows of that name is tried.
CLUB, VILLAGE, CONTACT, SETTLED = ("club",), ("village",), ("contact",), ("number",)
INQUIRY, UNREAD, UNSETTLED = ("inquiry", "complaint", "spoken"), ("unread",), ("held", "unverified", "draft")
ABOUT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("villages.club", "villages.pin", "villages.pause_club", "villages.report", "talks.talk"), CLUB),
    **dict.fromkeys(("club_month.index", "club_month.show", "club_month.poster", "club_month.printed_card"), CLUB),
    **dict.fromkeys(("club_month.register", "club_calendar.club", "club_handover.decide"), CLUB),
    **dict.fromkeys(("villages.village", "villages.pause_village", "club_calendar.market"), VILLAGE),
    **dict.fromkeys(("villages.undo", "villages.correct"), SETTLED),
    **dict.fromkeys(("contacts.show", "contacts.stop", "contacts.language", "contacts.settle", "reveal.show"), CONTACT),
    **dict.fromkeys(("inbox.question", "inbox.close", "inbox.mend", "inbox.sort"), INQUIRY),
    "inbox.theme": INQUIRY,
    "inbox.take_up": UNREAD,
    **dict.fromkeys(("voices.sound", "voices.moderate", "voices.transcribe"), ("spoken",)),
    **dict.fromkeys(("supervision.report", "supervision.decide", "supervision.let_stand"), ("number", "held_number")),
    **dict.fromkeys(("inbox.report", "inbox.decide"), UNSETTLED),
    **dict.fromkeys(("simulator.screen", "simulator.hold", "simulator.write", "simulator.bip", "simulator.ring"), CONTACT),
    **dict.fromkeys(("simulator.call", "simulator.voice"), ("call",)),
    **dict.fromkeys(("participants.show", "participants.enrol", "participants.correct", "participants.end"), ("member",)),
}
# What belongs to no village: campaigns and their totals, texts and sounds to send, radio, one's own sessions, steps and words.
OF_THE_PROGRAMME = (
    *("campaigns.", "editor.", "messages.", "quizzes.", "radio.", "account.", "voice.", "home.", "approval.", "card."),
    *("tongues.", "shared_packs.", "survey_sheets."),
    *("credit.", "behind.", "prepared.", "supervision.checks_of", "supervision.draw"),  # lists, by month or figure; own files
)
# What stands for an argument that is no row's id.
ARGUMENTS = {"<code>": "fr", "<when>": "2026-03", "<figure>": "attendances", "<kind>": "classeur"}
# A month is closed for the whole programme: its totals may change, as long as no row of the club is told.
TOTALS = {"/cloture"}
# What tests/awas.py has no whole row for: a sound on disk, a handover that waits, a place in a series.
UNPROVEN = {"voices.sound", "club_handover.decide", "participants.end"}
# Enough of a form to come as far as the row; a name in braces is a row's id.
TYPED = {
    "inbox.sort": {"kind": "nutrition"},
    "simulator.write": {"text": "Bonjour"},
    "villages.report": {"kind": "CR"},
    "voices.moderate": {"act": "approve"},
    "villages.pin": {"member": "{facilitator}"},
}
# Beside the names that a page's own file asks for.
ASKED_IN = re.compile(r"""args(?:\.get|\.getlist)?[(\[]\s*["']([a-z_]+)["']""")
ALSO_ASKED = {"simulator.index": ("membre", "animatrice")}
CHANGING = re.compile(r'(name="(?:csrf_token|_once)" value=")[^"]*|(content="|")[\w.-]{80,}(?=")')


@pytest.fixture(autouse=True)
def _stands_still(now: datetime) -> Iterator[None]:
    """So that two pages differ by what they show alone."""
    with time_machine.travel(now, tick=False):
        yield


def open_routes(app: Flask, *roles: RoleName) -> Iterator[tuple[Rule, str]]:
    """Each route that one of the roles may open, with its method."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        allowed = declared(app.view_functions[rule.endpoint])
        if outside(rule.rule, rule.endpoint) or not allowed or not allowed.intersection(roles):
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method


def plain(app: Flask) -> dict[str, str]:
    """The addresses of pages that need no id of a village's row, with their endpoints; the programme's by its first row."""
    pages = [rule for rule, method in open_routes(app, *SORYS) if method == "GET" and rule.endpoint not in ABOUT]
    return {filled(rule.rule, 1): rule.endpoint for rule in pages}


def filled(rule: str, id_: int) -> str:
    """An address of a route with this id."""
    return re.sub(r"<[^>]+>", lambda found: ARGUMENTS.get(found[0], str(id_)), rule)


def of_a_village(app: Flask, ids: awas.Ids) -> Iterator[tuple[str, str, list[str]]]:
    """Endpoint, method and Awa's addresses of each route that takes the id of a village's row."""
    for rule, method in open_routes(app, *SORYS):
        if rule.endpoint in ABOUT:
            yield rule.endpoint, method, [filled(rule.rule, ids[name]) for name in ABOUT[rule.endpoint]]


def asked(browser: FlaskClient, endpoint: str, method: str, address: str, ids: awas.Ids) -> int:
    """The status that a browser is answered with."""
    if method == "GET":
        return browser.get(address).status_code
    return send(browser, address, {name: text.format_map(ids) for name, text in TYPED.get(endpoint, {}).items()}).status_code


def words(answer: TestResponse) -> str:
    """All that an answer holds: a page, or what lies in an archive or a workbook."""
    if not answer.data.startswith(b"PK"):
        return CHANGING.sub(r"\1\2", answer.get_data(as_text=True))
    return _unpacked(answer.data)


def _unpacked(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name) for name in sorted(archive.namelist())]
    return "\n".join(_unpacked(part) if part.startswith(b"PK") else part.decode("utf-8", "replace") for part in parts)


@pytest.fixture
def sory(signed_in: SignedIn, world: World) -> FlaskClient:
    """His browser."""
    return signed_in(*SORYS, name="sory-terrain", villages=frozenset({world.villages[1]}))


def test_each_route_that_takes_an_argument_says_whose_row_it_is_about(app: Flask) -> None:
    unknown = {
        rule.endpoint
        for rule, _ in open_routes(app, *SORYS)
        if rule.arguments and rule.endpoint not in ABOUT and not rule.endpoint.startswith(OF_THE_PROGRAMME)
    }
    assert unknown == set(), (
        f"name in ABOUT of {Path(__file__).name} the row that these are about, with such a row in tests/awas.py"
    )


def test_no_page_changes_when_another_villages_club_comes_with_all_it_has(
    app: Flask, sory: FlaskClient, database: Database, world: World, now: datetime
) -> None:
    with database.writing() as session:  # the operators that the programme knows are no secret
        session.get_one(Contact, world.contacts["sory"]).operator = "simulator"
    pages = plain(app)
    assert len(pages) > 10
    before = {page: words(sory.get(page)) for page in pages}
    assert sum("<main" in text for text in before.values()) > 8, "these are not pages"
    awas.add(database, world, now)
    after = {page: words(sory.get(page)) for page in pages}
    assert {page: awas.leaks(text) for page, text in after.items() if awas.leaks(text)} == {}
    assert [page for page in pages if before[page] != after[page] and page not in TOTALS] == []


def test_whoever_sees_all_villages_is_shown_the_club_on_several_of_these_pages(
    app: Flask, signed_in: SignedIn, database: Database, world: World, now: datetime
) -> None:
    awas.add(database, world, now)
    fanta = signed_in(RoleName.COMMUNICATION, RoleName.SUIVI)
    shown = [page for page in plain(app) if awas.leaks(words(fanta.get(page)))]
    assert {"/villages", "/contacts", "/reception", "/simulateur"} <= set(shown)


def test_no_question_put_in_an_address_shows_anything_of_the_club(
    app: Flask, sory: FlaskClient, database: Database, world: World, now: datetime
) -> None:
    ids = awas.add(database, world, now)
    leaking = []
    values = {*(str(ids[name]) for name in ("village", "club", "contact")), awas.CODE, awas.MARK, "club"}
    for page, endpoint in plain(app).items():
        for name in (*_asked(app, endpoint), *ALSO_ASKED.get(endpoint, ("village",))):
            for value in values:
                answer = sory.get(page, query_string={name: value})
                found = set(awas.leaks(words(answer))) - set(awas.leaks(value))  # a page may say back what was asked
                if answer.status_code >= 500 or found:
                    leaking.append((page, name, value, answer.status_code, found))
    assert leaking == []


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(sorted(set(ASKED_IN.findall(Path(path).read_text(encoding="utf-8")))))


def _asked(app: Flask, endpoint: str) -> tuple[str, ...]:
    return _names(inspect.getsourcefile(inspect.unwrap(app.view_functions[endpoint])) or __file__)


def test_no_address_with_an_id_of_the_club_opens_or_acts(
    app: Flask, sory: FlaskClient, database: Database, world: World, now: datetime
) -> None:
    ids = awas.add(database, world, now)
    stored = _rows(database)
    answers = {
        (endpoint, method, address): asked(sory, endpoint, method, address, ids)
        for endpoint, method, addresses in of_a_village(app, ids)
        for address in addresses
    }
    assert {route: status for route, status in answers.items() if status != 404} == {}
    assert _rows(database) == stored


def _rows(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        tables = [row.__table__ for row in (Action, Club, Contact, Inquiry, Member, Message, Report, Village)]
        return {str(table): [tuple(row) for row in session.execute(select(table).order_by(table.c.id))] for table in tables}


def test_each_of_these_addresses_opens_for_the_villages_own_staff(
    app: Flask, signed_in: SignedIn, database: Database, world: World, now: datetime
) -> None:
    ids = awas.add(database, world, now)
    own = signed_in(*SORYS, villages=frozenset({ids["village"]}))
    # Pages first, then what leaves the row as it is, then what settles it: their addresses happen to end in that order.
    routes = sorted(of_a_village(app, ids), key=lambda route: (route[1] == "GET", route[2]))
    closed = [
        (endpoint, method)
        for endpoint, method, addresses in reversed(routes)
        if endpoint not in UNPROVEN and all(asked(own, endpoint, method, one, ids) == 404 for one in addresses)
    ]
    assert closed == [], "the row that tests/awas.py gives does not open these: the test above proves nothing of them"
