"""A club that passes to a new facilitator: what was asked for by NF is confirmed or refused here, as by VAL or REF."""

from flask import abort, request, url_for

from clubs import by_hand, overview
from console.access import Answer, Pages, R, who
from console.club_scope import club_here
from console.edge import now, writing
from console.forms import done
from console.words import _
from runtime import audit

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
        settled = by_hand.decide(session, row, accept, who().id, now(session))
        if settled:
            act = "accept_handover" if accept else "refuse_handover"
            audit.record(session, now(session), act, "report", row.id, staff_id=who().id)
    said = _("Relais accepté.") if accept else _("Relais refusé : rien ne change.")
    return done(url_for("villages.club", number=number), said if settled else _("Un collègue a déjà traité ce rapport."))
