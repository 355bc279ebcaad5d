"""What takes the place of names in an SMS, and that a first name never reaches a shared phone."""

from datetime import datetime

import pytest
from sqlalchemy import select, update

from campaigns import broadcasts, plan
from campaigns.filters import Filter
from clubs.models import Club, Member
from messaging.exchange import Exchange
from messaging.models import Contact, Message, Route
from tests.campaigns.test_broadcasts import broadcast
from tests.world import World
from translations.models import Content, Variant

EVERYBODY = Filter(one_phone_per_club=False)
TEXT = "Bonjour {prenom}, du {village}, club {club}: venez le {date}."


def sent(exchange: Exchange, world: World, now: datetime, wanted: Filter = EVERYBODY, text: str = TEXT) -> dict[str, str]:
    """What leaves to each phone, by its holder."""
    with exchange.database.writing() as session:
        session.execute(update(Variant).where(Variant.id == world.variants["eau-propre"]).values(text=text))
    broadcasts.fan_out(exchange, broadcast(exchange, world, now, wanted), now)
    names = {id_: name for name, id_ in world.contacts.items()}
    with exchange.database.reading() as session:
        return {names[row.contact_id]: row.text or "" for row in session.scalars(select(Message)) if row.contact_id in names}


def test_each_phone_gets_its_own_names_and_a_shared_one_no_first_name(exchange: Exchange, world: World, now: datetime) -> None:
    found = sent(exchange, world, now)
    first, second = list(world.clubs)[:2]
    day = f"{now:%d/%m}"
    assert found["moussa"] == f"Bonjour Moussa, du Village 01 (test), club {first}: venez le {day}."
    assert found["oumar"] == f"Bonjour Oumar, du Village 02 (test), club {second}: venez le {day}."
    assert found["awa"] == f"Bonjour, du Village 01 (test), club {first}: venez le {day}.", "Awa and her sister share a phone"


def test_one_phone_for_a_club_names_nobody(exchange: Exchange, world: World, now: datetime) -> None:
    found = sent(exchange, world, now, Filter())
    assert len(found) == 3
    assert all(text.startswith("Bonjour, du Village") for text in found.values())


def _said_to_be_shared(world: World) -> list[object]:
    return [update(Contact).where(Contact.id == world.contacts["moussa"]).values(shared=True)]


def _the_clubs_phone(world: World) -> list[object]:
    return [update(Club).where(Club.id == next(iter(world.clubs.values()))).values(phone_id=world.contacts["moussa"])]


def _another_member_behind_it(world: World) -> list[object]:
    return [update(Member).where(Member.id == world.members["hawa"]).values(contact_id=world.contacts["moussa"])]


def _no_name(world: World) -> list[object]:
    return [update(Member).where(Member.id == world.members["moussa"]).values(name=None)]


def _a_dash_for_a_name(world: World) -> list[object]:
    return [update(Member).where(Member.id == world.members["moussa"]).values(name="---")]


@pytest.mark.parametrize(
    "shared",
    [_said_to_be_shared, _the_clubs_phone, _another_member_behind_it, _no_name, _a_dash_for_a_name],
    ids=lambda f: f.__name__[1:],
)
def test_no_first_name_goes_where_somebody_else_may_read_it(
    shared: object, exchange: Exchange, world: World, now: datetime
) -> None:
    assert callable(shared)
    with exchange.database.writing() as session:
        for change in shared(world):
            session.execute(change)
    assert sent(exchange, world, now)["moussa"].startswith("Bonjour, du Village 01")


@pytest.mark.parametrize(
    ("owner", "named"), [("mari", False), ("Voisine", False), ("Moi", True), ("elle-même ", True)], ids=lambda v: str(v).strip()
)
def test_a_first_name_goes_only_to_a_phone_that_is_her_own(
    owner: str, named: bool, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Member, world.members["moussa"]).phone_owner = owner
    assert ("Moussa" in sent(exchange, world, now)["moussa"]) is named


def test_a_first_name_is_the_first_of_them_and_folded_where_the_text_is_cheap(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Member, world.members["moussa"]).name = "Nɛnɛ Awa Traoré"
    assert sent(exchange, world, now, text="Merci {prenom}!")["moussa"] == "Merci Nènè!"


def test_the_forecast_counts_what_leaves_and_shows_no_name(exchange: Exchange, world: World, now: datetime) -> None:
    long = "{prenom} " + "a" * 152
    found = sent(exchange, world, now, text=long)
    with exchange.database.reading() as session:
        content = session.get_one(Content, world.contents["eau-propre"])
        told = plan.forecast(session, exchange, content, EVERYBODY, Route.SMS, now, now.replace(hour=23), now)
        prices = sum(row.price or 0 for row in session.scalars(select(Message)))
    assert (told.parts, told.cost) == (sum(1 if len(text) <= 160 else 2 for text in found.values()), prices)
    assert "Awa" not in told.previews[0].text
    assert told.unnamed == sum(text.startswith("Aaa") for text in found.values()) == 1, "the phone of Awa and her sister"


def test_a_preview_hides_the_first_name_that_will_leave(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Variant).where(Variant.id == world.variants["eau-propre"]).values(text="Bonjour {prenom}."))
        session.execute(update(Member).where(Member.id.in_([world.members[n] for n in ("awa", "kadia")])).values(left_at=now))
    with exchange.database.reading() as session:
        content = session.get_one(Content, world.contents["eau-propre"])
        told = plan.forecast(session, exchange, content, EVERYBODY, Route.SMS, now, now.replace(hour=23), now)
    assert [one.text for one in told.previews] == ["Bonjour (prénom)."]
