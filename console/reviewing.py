"""What waits for this person's eyes: texts to hear or approve, sendings to confirm; for the menu, Accueil and « À approuver »."""

from campaigns.listing import to_confirm
from campaigns.models import Campaign
from console.access import R, visitor, who
from console.edge import reading
from runtime.database import Session
from translations import overview
from translations.languages import SOURCE
from translations.overview import Task

REVIEWS = {R.LANGUE, R.VALIDATION}
CONFIRMS = {R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION}


def may(task: Task, language: str) -> bool:
    """Whether this person's role is the one that a step waits for; anybody of the two may hear French."""
    if task is Task.APPROVE:
        return who().may(R.VALIDATION)
    return who().may(R.LANGUE) or (language == SOURCE and who().may(R.VALIDATION))


def texts(session: Session) -> int:
    """How many texts and sounds wait for this person."""
    return sum(may(task, language) for task, language in overview.tasks(session, who().id)) if who().may(*REVIEWS) else 0


def sendings(session: Session) -> list[Campaign]:
    """The sendings that this person may confirm."""
    return to_confirm(session, who().id) if who().may(*CONFIRMS) else []


def waiting() -> int:
    """What « À approuver » holds for this person, as the menu says it."""
    person = visitor()
    if person is None or not person.may(*REVIEWS):
        return 0
    with reading() as session:
        return texts(session) + len(sendings(session))
