"""Réglages, Sauvegardes: how fresh the copies are, when a restore was last tried, and the decision after a real one."""

from datetime import timedelta

from flask import url_for

from console import restoring
from console.access import Answer, Pages, R, who
from console.edge import database, exchange, reading, wall_time
from console.forms import done, render
from console.words import _
from messaging.errors import RestoreUnfinished
from runtime import backups

pages = Pages("backups")
ADMIN = {R.ADMINISTRATION}
OLD = {True: timedelta(minutes=30), False: timedelta(hours=30)}
"""By whether it is an SQLite: six copies missed, or a night."""
OLD_DRILL = timedelta(days=35)


@pages.page("/reglages/sauvegardes", roles=ADMIN)
def index() -> Answer:
    """What there is, and what waits after a restore."""
    settings, wall = exchange().settings, wall_time()
    copies = backups.copies(settings.backup_path)
    with reading() as session:
        drill, held = restoring.last_drill(session), restoring.waiting(session)
    last = copies[0] if copies else None
    return render(
        "settings/backups.html",
        last=last,
        count=len(copies),
        bytes=sum(one.size for one in copies),
        off=not settings.backup_minutes,
        old=last is None or wall - last.at > OLD[database().sqlite],
        drill=drill,
        drill_is_old=drill is None or wall - drill.at > OLD_DRILL,
        held=held,
    )


@pages.page("/reglages/sauvegardes/reprendre", roles=ADMIN, post=True)
def send() -> Answer:
    """Send again, with what waited."""
    return _release(True)


@pages.page("/reglages/sauvegardes/abandonner", roles=ADMIN, post=True)
def drop() -> Answer:
    """Send again, without what waited."""
    return _release(False)


def _release(with_it: bool) -> Answer:
    try:
        restoring.release(exchange(), who().id, wall_time(), send=with_it)
    except RestoreUnfinished:
        return done(url_for("backups.index"), _("La restauration n'est pas finie : rien ne peut reprendre."))
    said = _("Les envois reprennent, avec ce qui attendait.") if with_it else _("Les envois reprennent, sans ce qui attendait.")
    return done(url_for("backups.index"), said)
