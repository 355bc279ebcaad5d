"""A club that passes to a new facilitator: what was asked for by NF is confirmed or refused here, as by VAL or REF."""

from flask import abort, request, url_for

from clubs import overview
from console import deciding
from console.access import Answer, Pages, R
from console.club_scope import club_here
from console.edge import writing
from console.forms import done

pages = Pages("club_handover")
CONFIRMS = {R.COMMUNICATION, R.TERRAIN}


@pages.page("/clubs/<int:number>/relais", roles=CONFIRMS, post=True)
def decide(number: int) -> Answer:
    """Give the club to the new number, or leave it as it is."""
    accept = bool(request.form.get("accept"))
    with writing() as session:
        club_here(session, number)
        wanted = request.form.get("report", "")
        row = next((each for each in overview.handovers(session, number) if str(each.id) == wanted), None) or abort(404)
        said = deciding.decide(session, row, accept)
    return done(url_for("villages.club", number=number), said)
