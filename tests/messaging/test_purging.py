"""What was kept to look into trouble goes by age; what still matters stays."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from messaging.exchange import Exchange
from messaging.models import ChannelLog, SimulatorEvent, StatusUpdate, WebhookBody
from messaging.purging import purge
from tests.world import World


def test_old_bodies_exchanges_reports_and_events_go_and_young_ones_stay(exchange: Exchange, world: World, now: datetime) -> None:
    mine = {"channel_id": world.channel}
    with exchange.database.writing() as session:
        for place, days in enumerate((0, 6, 8, 31)):
            at = now - timedelta(days=days)
            session.add(WebhookBody(**mine, kind="sms", received_at=at, body="id=1"))
            session.add(ChannelLog(**mine, at=at, inbound=True))
            session.add(StatusUpdate(**mine, reference=f"r{place}", status="sent", received_at=at))
            session.add(StatusUpdate(**mine, reference=f"a{place}", status="sent", received_at=at, applied_at=at))
            session.add(SimulatorEvent(**mine, due_at=at, done_at=at, path="/", form="{}"))
        session.add(SimulatorEvent(**mine, due_at=now - timedelta(days=9), path="/", form="{}"))
    assert purge(exchange, now) == 2 + 1 + 2 + 3
    assert purge(exchange, now) == 0
    with exchange.database.reading() as session:
        left = [
            session.scalar(select(func.count()).select_from(one))
            for one in (WebhookBody, ChannelLog, StatusUpdate, SimulatorEvent)
        ]
    assert left == [2, 3, 6, 2]
