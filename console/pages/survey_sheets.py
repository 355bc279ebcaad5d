"""The sheet of a household survey, read by the same steps as members; it is imported whole or not at all."""

from flask import Response

from clubs.sheets import SheetError
from console.access import Answer, Pages, R, who
from console.edge import now, writing
from console.forms import Typed
from console.sheet_steps import Steps
from console.uploads import Upload
from console.words import _, ngettext
from results import surveys
from runtime import audit

pages = Pages("survey_sheets")
ROLES = {R.SUIVI}
STEPS = Steps("survey_sheets", surveys.HEADINGS, surveys.check, "modele-enquete.csv")


@pages.page("/resultats/enquetes/importer", roles=ROLES, form=True)
def index() -> Answer:
    """Step 1: the file."""
    return STEPS.take("results/survey_file.html")


@pages.page("/resultats/enquetes/modele.csv", roles=ROLES)
def model() -> Response:
    """An empty sheet with every heading."""
    return STEPS.empty_sheet()


@pages.page("/resultats/enquetes/importer/<token>", roles=ROLES)
def columns(token: str) -> Answer:
    """Step 2: how the file was read."""
    return STEPS.columns(token)


@pages.page("/resultats/enquetes/importer/<token>/lignes", roles=ROLES, form=True)
def rows(token: str) -> Answer:
    """Step 3: the bad rows; where there are none, sending the form imports them all."""
    upload = STEPS.upload(token)
    return STEPS.rows(token, upload, Typed.sent_or(), "results/survey_rows.html", _carry_out, "surveys.index")


def _carry_out(form: Typed, upload: Upload, encoding: str | None) -> str | None:
    """Import them all; None with the reason on the form when one of them cannot be."""
    try:
        with writing() as session:
            plan = STEPS.plan(session, upload, encoding)
            if plan.refused or not plan.ready:
                form.wrong("", _("Rien n'est importé : corrigez d'abord les lignes ci-dessous."))
                return None
            session.add_all(plan.ready)
            audit.record(session, now(session), "import_survey", "survey_result", None, staff_id=who().id, rows=len(plan.ready))
    except SheetError as error:
        form.wrong("", str(error))
        return None
    return ngettext("%(num)s résultat importé.", "%(num)s résultats importés.", len(plan.ready))
