"""Enquêtes: results measured in households, imported from a sheet and shown here alone, never among figures from messages."""

import csv
import io

from flask import Response, abort, url_for

from clubs.sheets import SheetError
from console import result_words
from console.access import EVERYONE, Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _, ngettext
from results import surveys
from runtime import audit

pages = Pages("surveys")
ROLES = {R.SUIVI}
MEGABYTE = 1_000_000


@pages.page("/resultats/enquetes", roles=EVERYONE)
def index() -> Answer:
    """Every survey result with its survey, dates, place, n and interval."""
    return _show(Typed(), ())


@pages.page("/resultats/enquetes/importer", roles=ROLES, post=True)
def take() -> Answer:
    """Take the good rows of a sheet; the bad ones are listed under the file's own numbers."""
    form = Typed.sent_or()
    file = form.file("file", needed=_("Choisissez un fichier."))
    data = file.read(exchange().settings.upload_megabytes * MEGABYTE + 1) if file is not None else b""
    if file is None or form.errors:
        return _show(form, ())
    if len(data) > exchange().settings.upload_megabytes * MEGABYTE:
        abort(413)
    try:
        with writing() as session:
            found = surveys.check(session, data, file.filename or "", now(session).date())
            if not found.wrong:
                session.add_all(found.good)
                audit.record(
                    session, now(session), "import_survey", "survey_result", None, staff_id=who().id, rows=len(found.good)
                )
    except SheetError as error:
        form.wrong("file", str(error))
        return _show(form, ())
    if found.wrong:
        form.wrong("file", _("Rien n'est importé : corrigez d'abord les lignes ci-dessous."))
        return _show(form, found.wrong)
    said = ngettext("%(num)s résultat importé.", "%(num)s résultats importés.", len(found.good))
    return done(url_for("surveys.index"), said)


@pages.page("/resultats/enquetes/modele.csv", roles=ROLES)
def model() -> Answer:
    """An empty sheet with every heading."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow(surveys.HEADINGS)
    headers = {"Content-Disposition": 'attachment; filename="modele-enquete.csv"'}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


def _show(form: Typed, wrong: tuple[surveys.Wrong, ...]) -> Answer:
    with reading() as session:
        rows = surveys.results(session)
    values = {"rows": rows, "wrong": wrong, "form": form, "names": surveys.INDICATORS, "words": result_words}
    return render("results/surveys.html", may_import=who().may(*ROLES), **values), 422 if form.errors else 200
