"""Ce que coûtera le mois: the planned sendings of the coming thirty days at today's prices, beside the caps."""

from campaigns.outlay import outlay
from console import budget_words
from console.access import Answer, Pages, R
from console.edge import exchange, now, reading
from console.forms import render

pages = Pages("outlay")


@pages.page("/campagnes/prevision", roles={R.ADMINISTRATION, R.COMMUNICATION, R.SUIVI})
def index() -> Answer:
    """By campaign, by channel and by cap."""
    with reading() as session:
        found = outlay(session, exchange(), now(session))
        caps = [(budget_words.scope(session, one.scope), one) for one in found.caps]
    return render("campaigns/outlay.html", found=found, caps=caps)
