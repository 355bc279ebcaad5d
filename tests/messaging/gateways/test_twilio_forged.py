"""Ten thousand requests that Twilio did not send, through our own routes: none accepted, none answered with a 5xx."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.models import Call, Channel, Message, StatusUpdate, WebhookBody
from runtime.crypto import blind
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.messaging.gateways.forged import WAYS, Posted, forgeries, genuine
from tests.messaging.gateways.twilio_peer import NUMBER, SID, TOKEN
from tests.world import opened
from webhooks import routes
from wsgi import create_app

SEED = 20260318
HOW_MANY = 10_200
THROUGH_ALL = 340
SECRET = "jeton-twilio-0123456789abcdef-0123456789"
HOOKS = f"https://nut.example/hooks/{SECRET}"

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, database: Database, now: datetime) -> Flask:
    """Our service at a public address, with one Twilio channel."""
    with database.writing() as session:
        channel = Channel(name="twilio", gateway="twilio", number=NUMBER, kinds=["sms", "voice"], default_for=[], created_at=now)
        channel.token, channel.token_index = SECRET, blind(SECRET)
        channel.settings = f'{{"account_sid": "{SID}", "auth_token": "{TOKEN}", "auth_token_next": "the-next-one"}}'
        session.add(channel)
        opened(session)
    public = settings.model_copy(update={"public_url": "https://nut.example"})
    return create_app(public, database=database, work=Immediate())


class OneReading(Database):
    """A database all of whose readings share one session: opening them takes most of the time of a refused request."""

    def __init__(self, true: Database, session: Session) -> None:
        self.sqlite, self._true, self._session = true.sqlite, true, session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        yield self._session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._true.writing() as session:
            yield session


@pytest.fixture
def routes_only(app: Flask) -> Iterator[FlaskClient]:
    """The same routes without the console's frame around them."""
    bare, exchange = Flask("routes"), app.extensions["lamen"]
    with exchange.database.reading() as session:
        bare.extensions["lamen"] = replace(exchange, database=OneReading(exchange.database, session))
        bare.register_blueprint(routes.blueprint)
        routes.seat(bare, bare.extensions["lamen"])
        yield bare.test_client()


def post(client: FlaskClient, given: Posted) -> int:
    path = f"/hooks/{given.token or SECRET}/{given.kind}" + (f"?{given.query}" if given.query else "")
    return client.open(
        path, method=given.method, data=given.data(), content_type=given.content_type or None, headers=given.headers()
    ).status_code


def answers(client: FlaskClient, seed: int, how_many: int) -> Counter[tuple[str, int]]:
    """How often each way of bending was answered with each status."""
    return Counter((given.how, post(client, given)) for given in forgeries(seed, HOOKS, how_many))


def let_in_or_broke(answered: Counter[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(how, status) for how, status in answered if not 400 <= status < 500]


def test_what_is_bent_here_is_let_in_when_it_is_straight(client: FlaskClient, routes_only: FlaskClient) -> None:
    chance = random.Random(SEED)
    assert {post(client, genuine(chance, HOOKS)) for _ in range(30)} == {200}
    assert {post(routes_only, genuine(chance, HOOKS)) for _ in range(30)} == {200}


def test_none_of_ten_thousand_forged_or_broken_requests_is_accepted_and_none_breaks_us(routes_only: FlaskClient) -> None:
    answered = answers(routes_only, SEED, HOW_MANY)
    assert let_in_or_broke(answered) == []
    assert {how for how, _ in answered} == set(WAYS)
    assert sum(answered.values()) == HOW_MANY


def test_nor_is_one_of_each_kind_by_the_whole_service_which_stores_nothing(client: FlaskClient, database: Database) -> None:
    assert let_in_or_broke(answers(client, SEED + 1, THROUGH_ALL)) == []
    with database.reading() as session:
        for row in (Message, Call, StatusUpdate, WebhookBody):
            assert session.scalar(select(row).limit(1)) is None
