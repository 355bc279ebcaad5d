"""Reports and open prompts as rows keep them, and as the grammar reads them again."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from clubs.grammar.context import Asked, Prompt, State, Version
from clubs.grammar.values import Flag, Kind, Values
from clubs.records import Report
from messaging.models import Contact, OpenPrompt, PromptKind
from runtime.database import Json


def values_to_json(values: Values) -> Json:
    """The figures of a report as stored: no text, no phone, no club or day (they are columns)."""
    known = {name: value for name, value in values.known().items() if name not in ("note", "phone", "club", "date")}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}


def values_from_json(stored: Json, club: str | None = None, day: date | None = None, note: str | None = None) -> Values:
    """The values of a stored report; keys nobody knows any more are passed over."""
    names = {item.name for item in fields(Values)}
    known: dict[str, Any] = {name: value for name, value in stored.items() if name in names}
    known["more_themes"] = tuple(known.get("more_themes", ()))
    return Values(**known | {"club": club, "date": day, "note": note})


def version_of(row: Report, code: str | None, *, own: bool = True) -> Version:
    """A stored version of a report of the club of that code, as the grammar reads it."""
    return Version(
        number=row.number or 0,
        kind=Kind(row.kind),
        values=values_from_json(row.values, code, row.session_date),
        at=row.reported_at,
        version=row.version,
        order=row.session_order,
        state=State(row.state.value),
        own=own,
    )


def open_prompts(session: Session, contact: Contact, now: datetime) -> Iterator[Prompt]:
    """What was asked of a number and waits for its answer, the oldest first."""
    # A quiz prompt that ran out is still shown to the grammar, which tells a late answer from an unasked one.
    alive = or_(OpenPrompt.expires_at >= now, OpenPrompt.kind == PromptKind.QUIZ)
    still_open = select(OpenPrompt).where(OpenPrompt.contact_id == contact.id, OpenPrompt.closed_at.is_(None), alive)
    for row in session.scalars(still_open.order_by(OpenPrompt.opened_at, OpenPrompt.id)):
        kept = row.details
        options = kept.get("options", ())
        if isinstance(options, int):  # a quiz keeps how many answers it offers
            options = [str(key) for key in range(1, options + 1)]
        day = kept.get("date")
        yield Prompt(
            asked=Asked(row.kind.value),
            at=row.opened_at,
            until=row.expires_at,
            number=kept.get("number"),
            ref=str(row.id),
            options=tuple(options),
            kind=Kind(kept.get("report", Kind.NONE)),
            values=values_from_json(
                kept.get("values", {}), kept.get("club"), date.fromisoformat(day) if day else None, kept.get("note")
            ),
            flags=frozenset(Flag(flag) for flag in kept.get("flags", ())),
        )


def open_prompt(session: Session, contact: Contact, prompt: Prompt) -> None:
    """Store what was asked of a number."""
    session.add(
        OpenPrompt(
            contact_id=contact.id,
            kind=PromptKind(prompt.asked.value),
            subject_id=prompt.number or 0,
            details=_prompt_to_json(prompt),
            opened_at=prompt.at,
            expires_at=prompt.until,
        )
    )


def close_prompt(session: Session, prompt: Prompt, now: datetime) -> None:
    """Nothing is awaited there any more."""
    if prompt.ref:
        session.execute(update(OpenPrompt).where(OpenPrompt.id == int(prompt.ref)).values(closed_at=now))


def _prompt_to_json(prompt: Prompt) -> Json:
    """What an open prompt keeps besides its kind and times."""
    values = prompt.values
    return {
        "number": prompt.number,
        "options": list(prompt.options),
        "report": prompt.kind.value,
        "values": values_to_json(values),
        "club": values.club,
        "date": values.date.isoformat() if values.date else None,
        "note": values.note,
        "flags": sorted(flag.value for flag in prompt.flags),
    }
