"""The demonstration has the figures of the real programme, nobody of it, and comes out the same wherever it is played."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import wsgi
from clubs.grammar.parse import parse
from clubs.models import Club, ClubKind, LifeStage, Member, Role, Sex, Village
from clubs.records import Report, ReportState
from console.commands.begin import load_contents
from console.credentials import add_staff
from console.staff import RoleName
from demonstration import loading
from demonstration.day import TO_SEE, Day
from demonstration.errors import DemonstrationError
from demonstration.stage import Stage
from messaging import channels, contacts
from messaging.exchange import Exchange
from messaging.models import Channel, Contact, Message
from messaging.numbers import is_simulated
from runtime import crypto
from runtime.database import Database
from runtime.installation import installation
from runtime.settings import Settings
from runtime.work import Immediate
from tests.conftest import EMPTY_ALL, KEYS
from translations.models import Content, ContentKind, Variant, VariantState

NOW = datetime(2026, 3, 18, 10, tzinfo=UTC)


def begun(database: Database, folder: Path, now: datetime = NOW) -> Exchange:
    """An installation with its tables, contents, channel and the demonstration, at `now`."""
    url, secret = str(database.url), "a-secret-for-tests-only"
    settings = Settings(database_url=url, var=folder, run_clock=False, backup_minutes=0, secret_key=secret)
    exchange: Exchange = wsgi.create_app(settings, database=database, work=Immediate()).extensions["lamen"]
    wsgi.metadata().create_all(database.engine)
    load_demonstration(exchange, now)
    return exchange


def load_demonstration(exchange: Exchange, now: datetime) -> None:
    """Contents, channel and the demonstration in an empty database that has its tables."""
    with exchange.database.writing() as session:
        load_contents(session, now)
        channels.add(session, "simulateur", "simulator", "36085", {"training": "oui"}, now, kinds=("sms", "voice"))
        loading.load(session, now, approvers(session))


def approvers(session: Session) -> tuple[int, int]:
    people = [add_staff(session, name, name, {RoleName.VALIDATION}, NOW) for name in ("editrice", "validation")]
    session.flush()
    return people[0].id, people[1].id


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """The demonstration on SQLite, loaded once for the tests that only look."""
    crypto.use(KEYS)
    folder = tmp_path_factory.mktemp("demo")
    database = Database(f"sqlite:///{folder}/demo.db")
    yield begun(database, folder)
    database.close()


def count(session: Session, *where: object) -> int:
    return session.scalar(select(func.count()).select_from(Member).where(*where)) or 0  # type: ignore[arg-type]


def test_a_question_is_sent_with_its_answers(demo: Exchange) -> None:
    with demo.database.reading() as session:
        sent = select(Message.text, Variant.options).join(Variant, Variant.id == Message.variant_id)
        asked = session.execute(sent.join(Content).where(Content.kind == ContentKind.QUESTION)).all()
    assert asked
    assert all(f"1 {options[0]} 2 {options[1]}" in str(text) for text, options in asked)


def test_it_has_the_figures_of_the_programme(demo: Exchange) -> None:
    with demo.database.reading() as session:
        assert session.scalar(select(func.count(Village.id))) == 64
        assert session.scalar(select(func.count(Club.id)).where(Club.kind == ClubKind.CEAPV)) == 128
        assert count(session, Member.role == Role.MEMBER) == 3000
        assert count(session, Member.role == Role.MEMBER, Member.sex == Sex.WOMAN) == 1500
        assert count(session, Member.role != Role.MEMBER) == 400
        meetings = select(func.count(Report.id)).where(Report.kind == "EV", Report.state == ReportState.VALID)
        assert session.scalar(meetings) == 24


def test_each_life_stage_reaches_somebody(demo: Exchange) -> None:
    with demo.database.reading() as session:
        for stage in LifeStage:
            assert count(session, Member.life_stage == stage, Member.contact_id.is_not(None)) > 30, stage


def test_every_number_is_one_that_no_network_assigns(demo: Exchange) -> None:
    with demo.database.reading() as session:
        assert all(number and is_simulated(number) for number in session.scalars(select(Contact.number)))


def test_history_is_not_too_clean(demo: Exchange) -> None:
    with demo.database.reading() as session:
        states = set(session.scalars(select(Report.state)))
        asked_back = session.scalar(select(func.count(Message.id)).where(Message.reply_kind == "ASK")) or 0
        stopped = session.scalar(select(func.count(Contact.id)).where(Contact.state == "stopped")) or 0
    assert {ReportState.VALID, ReportState.REPLACED} <= states
    assert asked_back > 50
    assert stopped > 10


def test_it_is_not_loaded_twice_nor_where_real_people_are(demo: Exchange, database: Database, world: object) -> None:
    with demo.database.writing() as session, pytest.raises(DemonstrationError, match="not_empty"):
        loading.load(session, NOW, (1, 2))
    with database.writing() as session:
        installation(session).simulation = False
        session.flush()
        with pytest.raises(DemonstrationError, match="real"):
            loading.load(session, NOW, (1, 2))


def figures(database: Database, folder: Path) -> dict[str, int]:
    exchange = begun(database, folder, datetime.now(UTC))
    with database.reading() as session:
        channel = session.scalars(select(Channel)).one()
    told: list[str] = []
    story = Day(Stage(exchange, channel, wsgi.Once(exchange)), told.append).play()
    assert told
    assert story.lines[0].startswith("SMS de diffusion")
    return story.figures


def test_a_day_comes_out_the_same_on_both_databases_and_everything_is_accounted_for(
    postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = Database(f"sqlite:///{tmp_path}/day.db")
    postgres = Database(postgres_url)
    try:
        one, other = figures(sqlite, tmp_path / "a"), figures(postgres, tmp_path / "b")
    finally:
        with postgres.engine.begin() as connection:
            connection.exec_driver_sql(EMPTY_ALL)
        sqlite.close()
        postgres.close()
    assert one == other
    assert one["prévus"] == sum(one[name] for name in ("envoyés", "échoués", "inconnus", "en attente"))
    assert one["non traités"] == 0
    assert min(one[name] for name in ("remis", "quiz", "séances", "questions", "désinscrits")) > 0


def test_removing_it_leaves_what_the_office_made_and_takes_back_the_approvals(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/gone.db")
    begun(database, tmp_path)
    with database.writing() as session:
        people = tuple(session.scalars(select(Variant.approved_by).distinct()))
        checked = session.scalars(select(Variant.checked_by).distinct()).one()
        contacts.find_or_create(session, "+22376123456", NOW)
    pair = (checked or 0, people[0] or 0)
    with database.writing() as session, pytest.raises(DemonstrationError, match="real_people"):
        loading.remove(session, pair)
    with database.writing() as session:
        loading.remove(session, pair, also_real=True)
        assert session.scalar(select(func.count(Contact.id))) == 0
        assert session.scalar(select(func.count(Variant.id)).where(Variant.state == VariantState.APPROVED)) == 0
        assert session.scalar(select(func.count(Channel.id))) == 1
        assert not installation(session).demonstration
        with pytest.raises(DemonstrationError, match="no_demonstration"):
            loading.remove(session, pair)
    database.close()


def test_every_report_s_text_says_its_figures(demo: Exchange) -> None:
    with demo.database.reading() as session:
        rows = session.execute(select(Report, Message.text).join(Message, Message.id == Report.message_id)).all()
        assert {row.state for row, _ in rows} >= {ReportState.REPLACED, ReportState.VALID}
        for row, text in rows:
            said = parse(text or "", NOW.date()).values
            assert {name: getattr(said, name) for name in row.values} == row.values, text


def test_every_page_the_story_ends_on_exists(demo: Exchange) -> None:
    app = wsgi.create_app(demo.settings, database=demo.database, work=Immediate())
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    assert set(TO_SEE) <= routes
