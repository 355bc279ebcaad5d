"""What a cap is called on pages, by its scope."""

from campaigns.firing import purse_of
from campaigns.models import Campaign
from console.phone_words import OPERATORS
from console.words import _
from messaging.models import Channel
from messaging.money import CHANNEL, DAY, OPERATOR
from runtime.database import Session


def scope(session: Session, name: str) -> str:
    """« le canal Orange », « la campagne Eau propre »; a row that is gone by its number."""
    kind, _colon, which = name.partition(":")
    if kind == DAY:
        return _("le plafond du jour")
    if kind == OPERATOR:
        return _("les numéros %(name)s", name=str(OPERATORS.get(which, which)))
    if kind == CHANNEL:
        row = session.get(Channel, int(which))
        return _("le canal %(name)s", name=row.name if row is not None else which)
    campaign = session.get(Campaign, int(which)) if name == purse_of(int(which)) else None
    return _("la campagne %(name)s", name=campaign.name if campaign is not None else which)
