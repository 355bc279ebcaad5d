"""Réglages, first page: the rules in force (shown, set by the operator) and the languages."""

from flask import abort, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import done, render
from console.words import _
from messaging import today
from runtime import audit
from runtime.installation import Installation
from runtime.installation import installation as installed
from translations.models import Language

pages = Pages("settings")


@pages.page("/reglages", roles={R.ADMINISTRATION})
def index() -> Answer:
    """What the service may do."""
    with reading() as session:
        languages = session.query(Language).order_by(Language.menu_number).all()
        only_simulator = not today.any_channel(session, but=("simulator",))
        installation = session.get(Installation, 1)
    return render(
        "settings/index.html",
        languages_of_messages=languages,
        only_simulator=only_simulator,
        installation=installation,
        rules=exchange().settings,
    )


@pages.page("/reglages/series", roles={R.ADMINISTRATION}, post=True)
def series() -> Answer:
    """Switch life-stage series on or off; places that members have stay."""
    with writing() as session:
        row = installed(session)
        row.series = on = not row.series
        session.flush()
        audit.record(session, now(session), "switch_series", "installation", 1, staff_id=who().id, on=on)
    said = _("Les séries sont en service.") if on else _("Les séries sont hors service : plus rien n'en part.")
    return done(url_for("settings.index"), said)


@pages.page("/reglages/langue/<code>", roles={R.ADMINISTRATION}, post=True)
def language(code: str) -> Answer:
    """Switch a language of messages on or off; nothing that exists in it is lost."""
    with writing() as session:
        row = session.get(Language, code) or abort(404)
        row.active = not row.active
        audit.record(session, now(session), "switch_language", "language", None, staff_id=who().id, code=code, on=row.active)
        said = _("%(name)s est en service.", name=row.name) if row.active else _("%(name)s n'est plus en service.", name=row.name)
    return done(url_for("settings.index"), said)
