"""Langues: what each language has ready, its glossary, and how its editors write letters when an SMS must be cheap."""

from typing import Any

from flask import abort, request, url_for

from console import content_words
from console import contents as shared
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Typed, done, draft, render
from console.words import _
from runtime.database import Session
from translations import contents, glossary, overview, spellings
from translations.glossary import GlossaryError
from translations.languages import SOURCE
from translations.models import GlossaryTerm, Language
from translations.spellings import SpellingError

pages = Pages("tongues")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION}
EDITS = {R.COMMUNICATION, R.LANGUE}


@pages.page("/messages/langues", roles=READS)
def index() -> Answer:
    """Every language but French, what is approved in it and what is missing."""
    with reading() as session:
        languages = [one for one in contents.languages(session) if one.code != SOURCE]
        counts, standing = glossary.counts(session), overview.standing(session, now(session))
        letters = {one.code: spellings.letters(session, one.code) for one in languages}
    rows = [(one, standing[one.code], counts.get(one.code, 0), letters[one.code]) for one in languages]
    return render("messages/tongues.html", rows=rows, words=content_words, edits=bool(who().roles & EDITS))


@pages.page("/messages/langues/<code>/glossaire", roles=READS, form=True)
def terms(code: str) -> Answer:
    """The agreed words of a language; the form adds one, or changes the one that the address names."""
    form, chosen = Typed.sent_or(draft(f"glossary-{code}")), request.args.get("terme", 0, type=int)
    with reading() as session:
        language, known, names = _language(session, code), glossary.terms(session, code), shared.staff_names(session)
    row = next((one for one in known if one.id == chosen), None)
    if chosen and row is None:
        abort(404)
    if form.sent:
        if not who().roles & EDITS:
            abort(403)
        if _keep(form, code, row):
            return done(url_for("tongues.terms", code=code), _("Terme enregistré."))
    elif row is not None:
        form = Typed({"term": row.term, "translation": row.translation, "note": row.note})
    values: dict[str, Any] = {"tongue": language, "terms": known, "row": row, "names": names}
    values["edits"] = bool(who().roles & EDITS)
    return render("messages/glossary.html", form=form, **values), 422 if form.errors else 200


def _keep(form: Typed, code: str, row: GlossaryTerm | None) -> bool:
    said = [form.text(name) for name in ("term", "translation", "note")]
    try:
        with writing() as session:
            term, translation, note = said
            glossary.save(session, code, term, translation, note, who().id, now(session), row.id if row else None)
    except GlossaryError as error:
        form.wrong("term", _(str(error)))
    return not form.errors


@pages.page("/messages/langues/<code>/glossaire/<int:number>/retirer", roles=EDITS, post=True)
def drop_term(code: str, number: int) -> Answer:
    """Take a term out."""
    with writing() as session:
        row = session.get(GlossaryTerm, number)
        if row is None or row.language != code:
            abort(404)
        glossary.remove(session, row, who().id, now(session))
    return done(url_for("tongues.terms", code=code), _("Terme retiré."))


@pages.page("/messages/langues/<code>/ecriture", roles=READS, form=True)
def spelling(code: str) -> Answer:
    """The cheap spelling of each letter: a language editor answers for it, or takes the word back."""
    form, may = Typed.sent_or(), who().may(R.LANGUE)
    if form.sent and not may:
        abort(403)
    with reading() as session:
        language = _language(session, code)
    if form.sent:
        said = _settle(form, code)
        if said is not None:
            return done(url_for("tongues.spelling", code=code), said)
    with reading() as session:
        letters, names = spellings.letters(session, code), shared.staff_names(session)
    values = {"tongue": language, "letters": letters, "names": names, "may": may}
    return render("messages/spelling.html", form=form, **values), 422 if form.errors else 200


def _settle(form: Typed, code: str) -> str | None:
    """Confirm one letter, or withdraw it; None with the reason on the form."""
    letter = form.value("letter")
    try:
        with writing() as session:
            if form.value("action") == "withdraw":
                spellings.withdraw(session, code, letter, who().id, now(session))
                return _("Retiré. Cette écriture n'est plus convenue.")
            spellings.confirm(session, code, letter, form.value("replacement"), who().id, now(session))
            return _("Confirmé sous votre nom. Les éditeurs la proposent dès maintenant.")
    except SpellingError as error:
        form.wrong("letter", content_words.spelling_refusal(error))
        return None


def _language(session: Session, code: str) -> Language:
    found = session.get(Language, code)
    return found if found is not None and found.active and code != SOURCE else abort(404)
