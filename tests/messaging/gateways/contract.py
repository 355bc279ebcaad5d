"""What every gateway must do, whatever its provider: a test file names the gateway and these tests judge it.

A gateway's file gives a `Peer`: how to make the provider answer, and its webhooks as the provider would write them.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from messaging.gateways.protocol import (
    Account,
    Gateway,
    Outcome,
    OutgoingCall,
    OutgoingSms,
    Refused,
    Sent,
    Unreadable,
    WebhookRequest,
)
from messaging.steps import Gather, Hangup, Play, Redirect, Reject, Sound, Step

AT = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
AWA = "+22300010001"
SECRET_TEXT = "Message que personne ne doit lire dans un journal"


@dataclass(frozen=True)
class Peer:
    """`webhooks` by name: sms, sms_machine, sms_bare, delivered, strange_status, unsigned, ringing, pressed, recording."""

    gateway: Gateway
    account: Account
    webhooks: Mapping[str, WebhookRequest]
    answers: Mapping[str, Callable[[], Account]] = field(default_factory=dict)

    def ask(self, number: str = AWA, account: Account | None = None) -> Sent:
        """Send one SMS."""
        sms = OutgoingSms("0190a-attempt", number, SECRET_TEXT, "GSM-7", 1, 3600, AT)

        async def go() -> Sent:
            async with self.gateway.line(account or self.account) as line:
                return await asyncio.wait_for(line.send(sms), 5)

        return asyncio.run(go())

    def call(self, number: str = AWA) -> Sent:
        """Dial one number."""

        async def go() -> Sent:
            async with self.gateway.line(self.account) as line:
                return await line.dial(OutgoingCall("0190a-attempt", number, 45, AT))

        return asyncio.run(go())


class GatewayContract:
    """Subclass with a fixture `peer`."""

    def test_an_accepted_message_has_the_providers_id(self, peer: Peer) -> None:
        sent = peer.ask()
        assert sent.outcome is Outcome.WIRED
        assert sent.external_id

    def test_the_exchange_shown_to_staff_holds_neither_number_nor_text_nor_secret(self, peer: Peer) -> None:
        for sent in (peer.ask(), *(peer.ask(account=make()) for make in peer.answers.values())):
            said = f"{sent.request} {sent.response} {sent.code}"
            assert AWA.removeprefix("+223") not in said
            assert SECRET_TEXT not in said
            for secret in peer.account.settings.values():
                assert len(str(secret)) < 6 or str(secret) not in said

    def test_a_connection_refused_is_errored_because_nothing_left(self, peer: Peer) -> None:
        sent = peer.ask(account=peer.answers["refusing"]())
        assert (sent.outcome, sent.external_id) == (Outcome.ERRORED, None)

    def test_a_bare_500_is_unknown_because_it_may_have_been_taken(self, peer: Peer) -> None:
        assert peer.ask(account=peer.answers["error_500"]()).outcome is Outcome.UNKNOWN

    def test_an_inbound_sms_is_read_whole(self, peer: Peer) -> None:
        request = peer.webhooks["sms"]
        peer.gateway.verify(peer.account, request)
        read = peer.gateway.read_sms(peer.account, request)
        assert (read.sender.lstrip("+").endswith("22300010001"), read.text) == (True, "CR 12 18 7 9 1 Bɛ")
        assert read.key
        assert read.raw

    def test_a_message_without_text_is_read_as_empty(self, peer: Peer) -> None:
        assert peer.gateway.read_sms(peer.account, peer.webhooks["sms_bare"]).text == ""

    def test_a_provider_time_is_aware_or_absent(self, peer: Peer) -> None:
        at = peer.gateway.read_sms(peer.account, peer.webhooks["sms"]).provider_at
        assert at is None or at.tzinfo is not None

    def test_a_delivery_is_read_in_our_words(self, peer: Peer) -> None:
        report = peer.gateway.read_status(peer.account, peer.webhooks["delivered"])
        assert report.status == "delivered"
        assert report.reference

    def test_a_strange_word_is_said_to_be_strange(self, peer: Peer) -> None:
        with pytest.raises(Unreadable):
            peer.gateway.read_status(peer.account, peer.webhooks["strange_status"])

    def test_what_is_not_the_providers_is_refused(self, peer: Peer) -> None:
        with pytest.raises(Refused):
            request = peer.webhooks["unsigned"]
            peer.gateway.verify(peer.account, request)
            peer.gateway.read_sms(peer.account, request)

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=%zz", b"{"], ids=["empty", "bytes", "percent", "brace"])
    def test_rubbish_raises_nothing_but_what_we_map(self, body: bytes, peer: Peer) -> None:
        whole = peer.webhooks["sms"]
        request = replace(whole, body=body, form=(), query=body.decode("latin-1") if whole.method == "GET" else whole.query)
        for read in (peer.gateway.read_sms, peer.gateway.read_status, peer.gateway.read_call, peer.gateway.read_recording):
            with pytest.raises((Refused, Unreadable)):
                peer.gateway.verify(peer.account, request)
                read(peer.account, request)

    def test_an_incomplete_account_is_told_apart(self, peer: Peer) -> None:
        assert peer.gateway.check(peer.account.settings) == []

    def test_a_call_is_accepted_with_the_providers_id(self, peer: Peer) -> None:
        if not peer.gateway.capabilities.voice:
            pytest.skip("no voice")
        assert peer.call().external_id

    def test_a_ringing_phone_and_a_pressed_key_are_read(self, peer: Peer) -> None:
        if not peer.gateway.capabilities.voice:
            pytest.skip("no voice")
        ringing = peer.gateway.read_call(peer.account, peer.webhooks["ringing"])
        pressed = peer.gateway.read_call(peer.account, peer.webhooks["pressed"])
        assert (ringing.event, ringing.inbound) == ("ringing", True)
        assert (pressed.event, pressed.turn, pressed.digits) == ("turn", 3, "2")

    def test_a_recording_is_announced_without_being_fetched(self, peer: Peer) -> None:
        if not peer.gateway.capabilities.voice:
            pytest.skip("no voice")
        assert peer.gateway.read_recording(peer.account, peer.webhooks["recording"]).place

    def test_every_kind_of_steps_is_written_as_text_that_parses(self, peer: Peer) -> None:
        if not peer.gateway.capabilities.voice:
            pytest.skip("no voice")
        clip = Sound("https://nut.example/sounds/a.wav?x=1&y=2", 12.5, 9.0)
        programmes: list[tuple[Step, ...]] = [
            (Gather((Play((clip,)),), "https://nut.example/hooks/t/call?turn=1&x=2"),),
            (Play((clip,)), Redirect("https://nut.example/hooks/t/call?turn=1")),
            (Reject(),),
            (Hangup(),),
        ]
        for steps in programmes:
            body, content_type = peer.gateway.render(steps, 1)
            assert body
            if "xml" in content_type:
                ElementTree.fromstring(body)
