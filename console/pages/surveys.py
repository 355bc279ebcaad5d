"""Enquêtes: results measured in households, shown here alone, never among figures from messages."""

from console import result_words
from console.access import EVERYONE, Answer, Pages, who
from console.edge import reading
from console.forms import render
from console.pages.survey_sheets import ROLES
from results import surveys

pages = Pages("surveys")


@pages.page("/resultats/enquetes", roles=EVERYONE)
def index() -> Answer:
    """Every survey result with its survey, dates, place, n and interval."""
    with reading() as session:
        rows = surveys.results(session)
    values = {"rows": rows, "names": surveys.INDICATORS, "words": result_words, "may_import": who().may(*ROLES)}
    return render("results/surveys.html", **values)
