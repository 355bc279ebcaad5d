"""The simulator under the contract of every gateway, its endings and its faults."""

from functools import partial
from urllib.parse import urlencode

import pytest

from messaging.gateways.protocol import Account, Cause, Outcome, Refused, Unreadable, WebhookRequest
from messaging.gateways.simulator import Simulator
from tests.messaging.gateways.contract import AT, GatewayContract, Peer


def request(query: str = "", **form: str) -> WebhookRequest:
    pairs = tuple(form.items())
    return WebhookRequest("POST", "/hooks/t/sms", "http://x/hooks/t/sms", query, {}, urlencode(pairs).encode(), pairs)


def account(**settings: str) -> Account:
    return Account(1, "36085", settings, "http://127.0.0.1:8000/hooks/t")


@pytest.fixture
def peer() -> Peer:
    return Peer(
        Simulator(lambda path, form: (200, "")),
        account(),
        {
            "sms": request(id="m1", **{"from": "+22300010001"}, to="36085", text="CR 12 18 7 9 1 Bɛ", at=AT.isoformat()),
            "sms_bare": request(id="m1", **{"from": "+22300010001"}),
            "delivered": request(id="sim-1", ref="0190a", status="delivered", to="+22300010001"),
            "strange_status": request(id="sim-1", status="teleported"),
            "unsigned": request(id="m1"),
            "ringing": request(id="c1", phone="+22300010001", direction="in", event="ringing"),
            "pressed": request("turn=3", id="c1", phone="+22300010001", event="turn", digits="2"),
            "recording": request(id="c1", place="r1", seconds="3.5"),
        },
        {fault: partial(account, faults=fault) for fault in ("refusing", "error_500")},
    )


class TestSimulator(GatewayContract):
    """The contract."""


@pytest.mark.parametrize(
    ("ending", "outcome", "statuses"),
    [
        pytest.param("01", Outcome.WIRED, ["sent", "delivered"], id="any other is delivered"),
        pytest.param("99", Outcome.WIRED, ["sent", "undelivered"], id="99 is undelivered"),
        pytest.param("98", Outcome.ERRORED, [], id="98 is throttled"),
        pytest.param("97", Outcome.FAILED, [], id="97 is no number"),
        pytest.param("96", Outcome.WIRED, [], id="96 says nothing"),
    ],
)
def test_the_end_of_a_number_decides(ending: str, outcome: Outcome, statuses: list[str], peer: Peer) -> None:
    sent = peer.ask(f"+223000100{ending}")
    assert sent.outcome is outcome
    assert [later.form["status"] for later in sent.later] == statuses


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        pytest.param("lost", [], id="lost"),
        pytest.param("doubled", ["sent", "sent", "delivered", "delivered"], id="doubled"),
        pytest.param("out_of_order", ["delivered", "sent"], id="out of order"),
    ],
)
def test_a_fault_changes_what_comes_later(fault: str, statuses: list[str], peer: Peer) -> None:
    sent = peer.ask(account=account(faults=fault))
    later = sorted(sent.later, key=lambda one: one.seconds)
    assert [one.form["status"] for one in later] == statuses


def test_late_receipts_come_ten_minutes_later(peer: Peer) -> None:
    assert min(one.seconds for one in peer.ask(account=account(faults="late")).later) > 600


def test_a_500_still_has_its_receipts(peer: Peer) -> None:
    assert len(peer.ask(account=account(faults="error_500")).later) == 2


def test_a_slow_gateway_takes_its_time(peer: Peer) -> None:
    slow = account(faults="slow", slow_seconds="0.01")
    assert peer.ask(account=slow).outcome is Outcome.WIRED


@pytest.mark.parametrize(
    ("number", "events"),
    [
        pytest.param("+22300010001", ["ringing", "answered"], id="answers"),
        pytest.param("+22300010099", ["ringing", "no_answer"], id="99 does not"),
        pytest.param("+22300010098", ["busy"], id="98 is busy"),
        pytest.param("+22300010097", [], id="97 does not exist"),
    ],
)
def test_a_called_number_behaves_by_its_end(number: str, events: list[str], peer: Peer) -> None:
    assert [later.form["event"] for later in peer.call(number).later] == events


def test_a_phone_held_by_hand_only_rings() -> None:
    peer = Peer(Simulator(lambda path, form: (200, "")), account(by_hand="+22300010001"), {})
    assert [later.form["event"] for later in peer.call().later] == ["ringing", "no_answer"]


@pytest.mark.parametrize("fault", ["refusing", "error_500", "lost"])
def test_calls_know_the_faults_too(fault: str) -> None:
    peer = Peer(Simulator(lambda path, form: (200, "")), account(faults=fault), {})
    expected = {"refusing": Outcome.ERRORED, "error_500": Outcome.UNKNOWN, "lost": Outcome.WIRED}[fault]
    assert peer.call().outcome is expected


def test_an_unknown_fault_is_named() -> None:
    assert Simulator(lambda path, form: (200, "")).check({"faults": "lost,earthquake"}) == ["earthquake"]


def test_a_field_given_twice_is_refused(peer: Peer) -> None:
    twice = WebhookRequest("POST", "/", "", "", {}, b"", (("from", "1"), ("from", "2")))
    with pytest.raises(Refused):
        peer.gateway.verify(peer.account, twice)


def test_a_strange_call_event_is_unreadable(peer: Peer) -> None:
    with pytest.raises(Unreadable) as error:
        peer.gateway.read_call(peer.account, request(id="c", phone="1", event="levitating"))
    assert error.value.word == "levitating"


def test_odd_figures_and_times_are_read_as_absent(peer: Peer) -> None:
    step = peer.gateway.read_call(peer.account, request(id="c", phone="1", event="completed", seconds="-1", heard="x", turn="²"))
    assert (step.seconds, step.heard, step.turn) == (None, None, None)
    naive = request(id="m", **{"from": "1"}, at="2026-03-18T10:00:00")
    assert peer.gateway.read_sms(peer.account, naive).provider_at is None
    assert peer.gateway.read_status(peer.account, request(id="m", status="invalid")).cause is Cause.DEAD_NUMBER
    assert (
        peer.gateway.read_call(peer.account, request(id="c", phone="1", event="failed", code="invalid")).cause
        is Cause.DEAD_NUMBER
    )
