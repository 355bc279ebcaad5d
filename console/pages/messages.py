"""Messages: the library by theme and language, in words for each state, and the making of a new message.

The first view counts by theme; asking for a theme, a language or a state lists the texts themselves.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import abort, request, send_file, url_for

from console import content_words
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Page, Typed, done, draft, render
from console.words import _, lazy
from runtime import audit
from translations import clips, contents, overview
from translations.content_entries import Mark
from translations.languages import SOURCE
from translations.models import Clip, ContentKind, Theme, VariantState
from translations.overview import ContentRow, ThemeRow

pages = Pages("messages")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION, R.TERRAIN}
EDITS = {R.COMMUNICATION, R.LANGUE}
TABS = {
    "messages": (lazy("Messages"), (ContentKind.MESSAGE,)),
    "quiz": (lazy("Questions de quiz"), (ContentKind.QUESTION, ContentKind.EXPLANATION)),
    "reponses": (lazy("Réponses automatiques"), (ContentKind.REPLY,)),
    "annonces": (lazy("Annonces vocales"), (ContentKind.PROMPT,)),
}
STATES: dict[str, VariantState | None] = {content_words.MISSING: None} | {state.value: state for state in VariantState}


@pages.page("/messages", roles=READS)
def index() -> Answer:
    """The matrix, or the texts that the filters of the address ask for."""
    tab = request.args.get("sorte", "messages")
    if tab not in TABS:
        abort(404)
    form = Typed(request.args.to_dict())
    with reading() as session:
        rows = overview.matrix(session, now(session), TABS[tab][1])
        languages = {one.code: one.name for one in contents.languages(session)}
    themes = [(str(row.code), row.name) for row in rows if row.code is not None and row.contents]
    theme = form.one_of("theme", [code for code, _name in themes])
    language = form.one_of("langue", languages)
    state = form.one_of("etat", STATES)
    values: dict[str, Any] = {"form": form, "tab": tab, "tabs": TABS, "languages_": languages, "words": content_words}
    values |= {"themes": themes, "states": _state_choices(), "edits": bool(who().roles & EDITS)}
    values["instead"] = content_words.INSTEAD.get(tab)
    values["gaps"] = _gaps(rows, languages) if tab in ("reponses", "annonces") else []
    values |= {"filled": any(row.contents for row in rows), "shown": {language: languages[language]} if language else languages}
    if not (theme or language or state) and themes:
        counts = [(row, {code: _counts(row, code) for code in languages}, _bare(row, languages)) for row in rows if row.contents]
        return render("messages/themes.html", rows=counts, **values)
    found = _asked(rows, theme, list(values["shown"]), state)
    page = Page.asked(len(found))
    return render("messages/list.html", rows=found[page.offset : page.offset + page.limit], page=page, **values)


def _gaps(rows: Sequence[ThemeRow], languages: Mapping[str, str]) -> list[tuple[str, str, int, int]]:
    """Code, name, how many texts nobody approved and how many there are, of each language that lacks some."""
    total = sum(len(row.contents) for row in rows)
    ready = {code: sum(row.counts(code)[VariantState.APPROVED] for row in rows) for code in languages}
    return [(code, name, total - ready[code], total) for code, name in languages.items() if ready[code] < total]


def _asked(rows: Sequence[ThemeRow], theme: str, codes: Sequence[str], state: str) -> list[tuple[ThemeRow, ContentRow]]:
    found = [(row, content) for row in rows if not theme or str(row.code) == theme for content in row.contents]
    if not state:
        return found
    return [(row, one) for row, one in found if any(one.cells[code].state == STATES[state] for code in codes)]


def _counts(row: ThemeRow, language: str) -> list[tuple[str, str]]:
    """What stands in one cell of the matrix: words and colour, the least finished first."""
    counts: Counter[VariantState | None] = row.counts(language)
    return [
        (content_words.counted(state, counts[state]), content_words.STATES[state][1])
        for state in content_words.STATES
        if counts[state]
    ]


def _bare(row: ThemeRow, codes: Iterable[str]) -> list[str]:
    """The languages in which a theme has no text at all: a narrow screen counts them and gives them no line each."""
    return [code for code in codes if row.counts(code).keys() == {None}]


def _state_choices() -> list[tuple[str, Any]]:
    return [(value, content_words.STATES[state][0]) for value, state in STATES.items()]


@pages.page("/messages/nouveau", roles=EDITS, form=True)
def new() -> Answer:
    """A new message: what it is about and what it rests on; its words are written in the editor."""
    form = Typed.sent_or(draft("message-new") or {"theme": request.args.get("theme", "")})
    with reading() as session:
        themes = [(str(row.code), row.name) for row in session.query(Theme).order_by(Theme.code)]
    if form.sent:
        title = form.text("title", needed=_("Donnez un titre."), most=120)
        theme = form.one_of("theme", [code for code, _name in themes], needed=_("Choisissez un thème."))
        source = form.text("source", needed=_("Écrivez d'où vient ce que vous dites."), most=200)
        mark = form.one_of("certainty", [one.value for one in Mark], needed=_("Dites à quel point c'est sûr."))
        facts = _facts(form)
        if not form.errors:
            with writing() as session:
                content = contents.create(
                    session,
                    ContentKind.MESSAGE,
                    title,
                    theme_code=int(theme),
                    source=source,
                    certainty=mark,
                    facts=facts,
                )
                audit.record(session, now(session), "create_content", "content", content.id, staff_id=who().id)
                number = content.id
            return done(url_for("editor.edit", number=number, code=SOURCE), _("Message créé. Écrivez maintenant son texte."))
    marks = list(content_words.MARKS.items())
    values = {"form": form, "themes": themes, "marks": marks, "facts": contents.facts().values()}
    return render("messages/new.html", **values), 422 if form.errors else 200


def _facts(form: Typed) -> list[int]:
    numbers = re.findall(r"[^\s,;]+", form.text("facts", most=100))
    known = contents.facts()
    for number in numbers:
        if not number.isascii() or not number.isdigit() or int(number) not in known:
            form.wrong(
                "facts", _("Le fait « %(number)s » n'est pas dans la liste. Regardez les numéros ci-dessous.", number=number)
            )
            return []
    return [int(number) for number in dict.fromkeys(numbers)]


@pages.page("/sons/<int:number>", roles=READS)
def sound(number: int) -> Answer:
    """The sound of a variant, for those who may read the library; browsers may ask for a part of it and keep none."""
    with reading() as session:
        clip = session.get(Clip, number)
    if clip is None:
        abort(404)
    var = exchange().settings.var.resolve()
    known = ((clips.path_of(var, clip.sha256, suffix), kind) for suffix, kind in ((".mp3", "audio/mpeg"), (".wav", "audio/wav")))
    found = next(((path, kind) for path, kind in known if path.exists()), None)
    if found is None:
        abort(404)
    answer = send_file(found[0], mimetype=found[1], conditional=True, etag=False, last_modified=None, max_age=0)
    answer.headers["Cache-Control"] = "no-store, private"
    return answer
