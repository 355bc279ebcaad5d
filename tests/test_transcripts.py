"""Plays every conversation of tests/transcripts through the webhook, as a provider would post it.

`# comment`; `@ +5 min` (or h) lets time pass; `? key name` sends that content to a person; `! number key` is staff answering that
question with that content; `< name text` is what a phone sends (a name of the small world or a number); each `> text` below it is
a reply, `...` standing for any words, `> -` for silence.

Below `--- voix` the same conversation goes by voice, in a world of its own: `~ name` is a bip called back and answered, `^ name`
a call to a line that answers, `? key name` a call that brings that content, `* keys` what is pressed (`-` nothing, `PIN` hers,
`VOIX` speaks), `|` the line is cut, `> labels` what is heard.
Below `--- traces` stand the rows that both ways must leave.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import answers, broadcasts
from campaigns.filters import Filter
from campaigns.models import Answer
from clubs import inquiries, pins
from clubs.models import Member
from clubs.records import Inquiry, InquiryKind, Report
from dialogue.facilitator import UNITS as FIGURES
from dialogue.flows import QuizScript, main_flow, outgoing_flow
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Contact, ContactState, Direction, Message, MessageState, Route
from messaging.queue import queue_reply
from tests.calls import Caller, Line, clip, prompt, sending, words
from tests.world import World
from translations.models import Content, Variant

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))
NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}


def halves(path: Path) -> dict[str, str]:
    """The parts of a file by name: `sms` and, where they exist, `voix` and `traces`."""
    pieces = re.split(r"^--- (\w+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {"sms": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


SPOKEN = [path for path in TRANSCRIPTS if "voix" in halves(path)]


class Phones:
    """The telephones of one conversation, and its time."""

    def __init__(self, exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
        self.exchange, self.client, self.world, self.now = exchange, client, world, now
        self.sent = 0

    def wait(self, said: str) -> None:
        """`+5 min`: let time pass."""
        found = re.fullmatch(r"\+(\d+) (min|h)", said)
        assert found is not None, f"no time: {said}"
        self.now += int(found[1]) * UNITS[found[2]]

    def put(self, said: str) -> list[str]:
        """`key name`: send a content to one person and see it leave; what is heard at once."""
        key, name = said.split()
        with self.exchange.database.writing() as session:
            club = session.get_one(Member, self.world.members[name]).club_id
            row = Broadcast(
                title=key,
                content_id=self.world.contents[key],
                route=Route.SMS,
                audience=Filter(clubs=(club or 0,), one_phone_per_club=False).to_json(),
                state=BroadcastState.PLANNED,
                due_at=self.now,
                not_before=self.now,
                expires_at=self.now + timedelta(hours=24),
                created_at=self.now,
            )
            session.add(row)
            session.flush()
            id_ = row.id
        with time_machine.travel(self.now, tick=False):
            broadcasts.fan_out(self.exchange, id_, self.now)
            broadcasts.start_due(self.exchange, self.now)
            self.exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate's own
        mine = (Message.broadcast_id == id_, Message.contact_id == self.world.contacts[name])
        with self.exchange.database.reading() as session:
            assert session.scalars(select(Message.state).where(*mine)).one() is MessageState.WIRED
        return []

    def answer(self, said: str) -> list[str]:
        """`number key`: staff answer a question by an approved message; what its sender gets."""
        number, key = said.split()
        with self.exchange.database.writing() as session:
            asked = session.scalars(select(Inquiry).where(Inquiry.number == int(number))).one()
            inquiries.sort(session, asked, InquiryKind.NUTRITION, self.now)
            question = session.get_one(Message, asked.message_id)
            contact, text = session.get_one(Contact, asked.contact_id), session.get_one(Variant, self.world.variants[key]).text
            channel = question.channel_id
            queued = queue_reply(session, self.exchange, contact, text or "", self.now, channel_id=channel, answers=question)
            assert queued is not None
            inquiries.answered(session, asked, text, self.world.staff["fanta"], self.now)
            sent = queued.id
        with time_machine.travel(self.now, tick=False):
            self.exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate's own
        with self.exchange.database.reading() as session:
            reply = session.get_one(Message, sent)
            assert (reply.state, reply.parts) == (MessageState.WIRED, 1)
            return [reply.text or ""]

    def send(self, said: str) -> list[str]:
        """`name text`: post an SMS and give back every reply to it."""
        name, text = said.split(" ", 1)
        self.sent += 1
        form = {"id": f"sms-{self.sent}", "from": self.world.numbers.get(name, name), "text": text, "at": self.now.isoformat()}
        with time_machine.travel(self.now, tick=False):
            assert self.client.post(f"/hooks/{self.world.token}/sms", data=form).status_code == 200
            self.exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate's own
        with self.exchange.database.reading() as session:
            last = session.scalars(select(Message).where(Message.direction == Direction.IN).order_by(Message.id.desc())).first()
            assert last is not None
            assert last.state is MessageState.HANDLED
            replies = list(session.scalars(select(Message).where(Message.answers_id == last.id).order_by(Message.id)))
            assert all(reply.state is MessageState.WIRED and reply.parts == 1 for reply in replies)
            return [reply.text or "" for reply in replies]


class Calls(Phones):
    """The same telephones, spoken to."""

    def __init__(self, exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
        super().__init__(exchange, client, world, now)
        self.line: Line | None = None
        for label in every_label():
            prompt(exchange, world, label, label)
        with exchange.database.writing() as session:
            people = {name: session.get_one(Member, world.members[name]) for name in ("moussa", "sory")}
            self.pins = {name: pins.issue(session, member) for name, member in people.items()}

    def put(self, said: str) -> list[str]:
        key, name = said.split()
        return [" ".join(self.call(name, sending(self.exchange, self.world, key)))]

    def answer(self, said: str) -> list[str]:
        """The same, by a call of its own."""
        number, key = said.split()
        clip(self.exchange, self.world, self.world.variants[key], "e", 9.0)
        with self.exchange.database.writing() as session:
            asked = session.scalars(select(Inquiry).where(Inquiry.number == int(number))).one()
            inquiries.sort(session, asked, InquiryKind.NUTRITION, self.now)
            content = session.get_one(Content, self.world.contents[key])
            queued = answers.call(session, self.exchange, asked, content, self.now)
            assert queued is not None
            inquiries.answered(session, asked, None, self.world.staff["fanta"], self.now)
            id_, who = queued.id, next(name for name, row in self.world.contacts.items() if row == asked.contact_id)
        self.line = Line.dialled(self.exchange, self.client, self.world, id_, self.now, who)
        return [" ".join(words(self.line.answer()))]

    def call(self, name: str, broadcast_id: int | None = None) -> list[str]:
        """`name`: a bip, called back and answered."""
        self.cut()
        self.line = Line(self.exchange, self.client, self.world, broadcast_id, who=name, reason="bip", now=self.now)
        return words(self.line.answer())

    def ring(self, name: str) -> list[str]:
        """`name`: a call to our line, which answers."""
        self.cut()
        self.line = Caller(self.exchange, self.client, self.world, who=name, now=self.now)
        return words(self.line.answer())

    def press(self, keys: str) -> list[str]:
        """`12#`: keys, and what is heard then."""
        assert self.line is not None
        self.line.now = self.now
        if keys == "VOIX":
            return self.line.speak(3)
        pressed = keys.replace("PIN", self.pins.get(self.line.who, "")).replace("-", "")
        return self.line.key(pressed.removesuffix("#"), "#" if pressed.endswith("#") else "")

    def cut(self) -> None:
        """The call is over."""
        if self.line is not None:
            self.line.now = self.now
            self.line.drop()
            self.line = None


def every_label() -> list[str]:
    """Every prompt a call may say."""
    quiz = QuizScript(1, "", ("1",), "1")
    languages = ["fr", "bm"]
    menu = main_flow(
        latest=["latest"],
        quiz=quiz,
        languages=languages,
        themes={1: [], 2: []},
        answers=["latest"],
        asks=True,
        testifies=True,
        reports=True,
    )
    flows = (
        menu,
        outgoing_flow("latest", quiz=quiz, languages=languages),
    )
    spelled = {"count", "theme", "radio", "digits", "recording", "lang_choose", ""}
    said = {label for flow in flows for label in flow.labels()} - spelled
    themes, numbers = (f"option_theme_{n}" for n in range(1, 9)), (f"num_{n}" for n in range(41))
    return sorted({*said, *themes, *numbers, "num_95", *FIGURES.values(), "radio_yes", "radio_no"})


def traces(exchange: Exchange, world: World) -> list[str]:
    """What a conversation left: reports with their figures, answers, questions, languages and stops, as lines to compare."""
    names = {number: name for name, number in world.contacts.items()}
    with exchange.database.reading() as session:
        found = []
        for row in session.scalars(select(Report).where(Report.number.is_not(None)).order_by(Report.number, Report.version)):
            figures = " ".join(f"{name}={value}" for name, value in sorted(row.values.items()))
            found.append(f"rapport {row.number}.{row.version} {row.kind} {row.state.value} {figures}".rstrip())
        for answer in session.scalars(select(Answer).order_by(Answer.id)):
            worth = "juste" if answer.right else "faux"
            found.append(f"réponse {names[answer.contact_id]} {answer.key} {worth}{'' if answer.scored else ' non comptée'}")
        asked = session.scalars(select(Inquiry).order_by(Inquiry.id))
        found += [f"question {row.number} {names[row.contact_id or 0]} {row.state.value}" for row in asked]
        people = session.scalars(select(Contact).where(Contact.id.in_(names)).order_by(Contact.id))
        changed = [row for row in people if row.state is not ContactState.ACTIVE or row.language != "fr"]
        return [*found, *(f"numéro {names[row.id]} {row.state.value} {row.language}" for row in changed)]


def as_pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in expected.split("...")))


def play(phones: Phones, script: str) -> None:
    """Raises AssertionError at the first line that goes otherwise."""
    waiting: list[str] = []
    for number, line in enumerate(script.splitlines(), start=1):
        mark, _, said = line.partition(" ")
        if mark in ("<", "?", "!", "@", "~", "^", "*", "|"):
            assert waiting == [], f"line {number}: a reply nobody expected: {waiting}"
        match mark:
            case "<":
                waiting = phones.send(said)
            case ">" if said == "-":
                assert waiting == [], f"line {number}"
            case ">":
                assert waiting, f"line {number}: silence"
                assert as_pattern(said).fullmatch(waiting[0]), f"line {number}: {waiting[0]}"
                waiting = waiting[1:]
            case "~" if isinstance(phones, Calls):
                waiting = [" ".join(phones.call(said))]
            case "^" if isinstance(phones, Calls):
                waiting = [" ".join(phones.ring(said))]
            case "*" if isinstance(phones, Calls):
                waiting = [" ".join(phones.press(said))]
            case "|" if isinstance(phones, Calls):
                phones.cut()
            case "!":
                waiting = phones.answer(said)
            case "@":
                phones.wait(said)
            case "?":
                waiting = phones.put(said)
            case _:
                assert mark in ("#", ""), f"line {number} is no line of a transcript"
    assert waiting == []


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_the_conversation_goes_as_written(path: Path, exchange: Exchange, client: FlaskClient, world: World) -> None:
    parts = halves(path)
    play(Phones(exchange, client, world, NOW), parts["sms"])
    if "traces" in parts:
        assert traces(exchange, world) == parts["traces"].splitlines()


@pytest.mark.parametrize("path", SPOKEN, ids=[path.stem for path in SPOKEN])
def test_the_same_conversation_by_voice_leaves_the_same_rows(
    path: Path, exchange: Exchange, client: FlaskClient, world: World
) -> None:
    parts = halves(path)
    calls = Calls(exchange, client, world, NOW)
    play(calls, parts["voix"])
    calls.cut()
    assert traces(exchange, world) == parts["traces"].splitlines()


def test_most_conversations_have_their_voice() -> None:
    assert len(SPOKEN) >= 6


def test_a_transcript_that_differs_fails(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    phones = Phones(exchange, client, world, now)
    for script in ("< awa AIDE\n> Bonjour", "< awa AIDE\n> -", "< awa AIDE", "> Bonjour", "% ?"):
        with pytest.raises(AssertionError):
            play(phones, script)
        phones.now += timedelta(hours=30)
