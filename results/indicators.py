"""The indicators of the programme, each with its formula, numerator and denominator.

Only valid, current versions of reports count, and attendance is a sum of presences, never "people reached". What only a household
survey can measure is not here (results/surveys.py).
"""

from sqlalchemy.orm import Session

from results import of_clubs, of_phones, of_reports
from results.figure import Figure, Maker
from results.scope import Scope

MAKERS: tuple[Maker, ...] = (*of_phones.MAKERS, *of_clubs.MAKERS, *of_reports.MAKERS)


def figures(session: Session, scope: Scope, *, small_cells: bool = False) -> list[Figure]:
    """All indicators over a scope; small cells are kept back unless `small_cells`."""
    made = [figure for maker in MAKERS for figure in maker(session, scope)]
    return made if small_cells else [figure.kept_back() for figure in made]
