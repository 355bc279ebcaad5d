"""SMS of unknown fate: the provider may have sent them or not. A person decides, since sending again may send twice."""

from flask import abort, request, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Page, done, render
from console.words import _
from messaging import figures, settling
from messaging.errors import ForbiddenMove, NotSettled
from messaging.exchange import DISPATCH
from messaging.models import Message

pages = Pages("unsettled")
DECIDERS = {R.COMMUNICATION, R.ADMINISTRATION}


@pages.page("/envois/inconnus", roles=DECIDERS)
def index() -> Answer:
    """Those that nothing has settled for a quarter of an hour, the oldest first."""
    with reading() as session:
        at = now(session)
        page = Page.asked(figures.unsettled(session, at))
        rows = figures.unsettled_messages(session, at, page.offset, page.limit)
    return render("inbox/unsettled.html", rows=rows, page=page)


@pages.page("/envois/inconnus/<int:number>", roles=DECIDERS, post=True)
def settle(number: int) -> Answer:
    """Send one again, or let it be."""
    again = request.form.get("act") == "again"
    try:
        with writing() as session:
            message = session.get(Message, number) or abort(404)
            if again:
                settling.resend(session, message, who().id, now(session), "staff")
                exchange().work.nudge(session, DISPATCH, message.channel_id)
            else:
                settling.give_up(session, message, who().id, now(session), "staff")
    except (NotSettled, ForbiddenMove):
        return done(url_for("unsettled.index"), _("Ce SMS n'attend plus : son sort est connu, ou la personne a tout arrêté."))
    return done(url_for("unsettled.index"), _("SMS remis en file.") if again else _("SMS laissé, compté comme échoué."))
