"""Quiz: the questions with their keys, what phones answered before and after, and the writing of a new question.

Answers are counted by phone and by what listeners said of themselves, never by name; the raised hands of a session stand apart.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import abort, request, url_for
from markupsafe import Markup

from campaigns import questions, quiz_results, quizzes
from campaigns.models import Quiz
from campaigns.quiz_results import By
from campaigns.quizzes import Phase
from clubs.small import small
from console import content_words, result_words
from console.access import Answer, Pages, R, scope, who
from console.edge import now, reading, writing
from console.forms import Page, Typed, done, draft, render
from console.words import _
from results import charts
from results.learned import Rate, rates, turns
from results.scope import Scope
from results.small import Kept
from results.table import Table
from results.tables import quiz_by_theme
from runtime import audit
from runtime.database import Session
from translations import contents
from translations.models import Theme
from translations.sms import measure

pages = Pages("quizzes")
READS = {R.COMMUNICATION, R.VALIDATION, R.SUIVI}
WRITES = {R.COMMUNICATION}
ANSWERS = (1, 2, 3)
SHOW_OF_HANDS = timedelta(days=91)
LONGEST_OPTION = 60
LONGEST_SMS = 2


@pages.page("/quiz", roles=READS)
def index() -> Answer:
    """Every quiz with its answers and what was learned."""
    with reading() as session:
        lines = questions.quizzes(session, scope(session))
    page = Page.asked(len(lines))
    shown = lines[page.offset : page.offset + page.limit]
    hidden = result_words.kept(Kept.FEW)
    values = {"writes": bool(who().roles & WRITES), "least": quiz_results.SMALLEST_GAIN, "few": small, "hidden": hidden}
    return render("quizzes/index.html", lines=shown, page=page, **values)


@pages.page("/quiz/<int:number>", roles=READS)
def show(number: int) -> Answer:
    """One quiz: its questions, its results by a group, the raised hands of its theme."""
    form = Typed(request.args.to_dict())
    by = form.kind("par", By, By.ALL)
    with reading() as session:
        quiz = _quiz(session, number)
        sheets = questions.sheets(session, number)
        languages = {one.code: one.name for one in contents.languages(session)}
        table, lines = _results(session, number, by, languages, sheets)
        values: dict[str, Any] = {"gain": quiz_results.gain(session, number, scope(session)), "hands": _hands(session, sheets)}
        values |= {"turns": turns(session, number, scope(session)), "places": {one.row.id: n for n, one in enumerate(sheets, 1)}}
    svg = charts.bars(table, table.columns[-1])
    values |= {"quiz": quiz, "sheets": sheets, "table": table, "lines": lines, "form": form, "languages_": languages}
    values |= {"few": small, "hidden": result_words.kept(Kept.FEW), "kept": result_words.kept}
    values |= {"drawing": None if svg is None else Markup(svg), "words": content_words, "by": by}  # noqa: S704  # leather escapes
    return render("quizzes/show.html", writes=bool(who().roles & WRITES), least=quiz_results.SMALLEST_GAIN, **values)


@pages.page("/quiz/<int:number>/ouvrir", roles=WRITES, post=True)
def switch(number: int) -> Answer:
    """Close a quiz, or count its answers again."""
    with writing() as session:
        quiz = _quiz(session, number)
        closing = quiz.open
        if closing:
            quizzes.close(quiz)
        else:
            quiz.open = True
        audit.record(session, now(session), "close_quiz" if closing else "open_quiz", "quiz", number, staff_id=who().id)
    said = _("Quiz clos. Les réponses qui arrivent sont gardées, sans être comptées.")
    return done(url_for("quizzes.show", number=number), said if closing else _("Quiz rouvert. Les réponses comptent de nouveau."))


@pages.page("/quiz/nouvelle-question", roles=WRITES, form=True)
def new() -> Answer:
    """A new question: its words, its answers on keys, the right one and why."""
    start = {"theme": request.args.get("theme", ""), **{f"key{n}": n for n in ANSWERS}}
    form = Typed.sent_or(draft("question-new") or start)
    with reading() as session:
        themes = {str(row.code): row.name for row in session.query(Theme).order_by(Theme.code)}
    if form.sent:
        theme = form.one_of("theme", themes, needed=_("Choisissez un thème."))
        question = form.text("question", needed=_("Écrivez la question."), most=300)
        explanation = form.text("explanation", needed=_("Écrivez pourquoi c'est la bonne réponse."), most=300)
        options = _options(form)
        right = form.whole("right", needed=_("Dites quelle touche est la bonne."), least=1, most=len(ANSWERS))
        if not form.errors and right not in options:
            form.wrong("right", _("Aucune réponse n'est sur la touche %(n)s. Choisissez une touche utilisée.", n=right))
        _check_length(form, question, options)
        if not form.errors:
            with writing() as session:
                at, row = now(session), session.get_one(Theme, int(theme))
                quiz = questions.quiz_of(session, row, at)
                said = [options[key] for key in sorted(options)]
                made = questions.write(session, quiz, question, said, right, explanation, who().id, at, theme_code=row.code)
                audit.record(session, at, "write_question", "question", made.id, staff_id=who().id)
                number = quiz.id
            return done(
                url_for("quizzes.show", number=number), _("Question enregistrée en brouillon. Proposez-la à la relecture.")
            )
    return render("quizzes/new.html", form=form, themes=themes.items(), answers=ANSWERS), 422 if form.errors else 200


def _options(form: Typed) -> dict[int, str]:
    """The answers by key; two or three, on keys 1 to as many."""
    found: dict[int, str] = {}
    for n in ANSWERS:
        words = form.text(f"option{n}", most=LONGEST_OPTION)
        key = form.whole(f"key{n}", least=1, most=len(ANSWERS))
        if not words:
            continue
        if not key:
            form.wrong(f"key{n}", _("Choisissez la touche de cette réponse."))
        elif key in found:
            form.wrong(f"key{n}", _("La touche %(n)s a déjà une réponse. Choisissez-en une autre.", n=key))
        elif words in found.values():
            form.wrong(f"option{n}", _("Cette réponse est déjà écrite. Écrivez-en une autre."))
        else:
            found[key] = words
    if not form.errors and len(found) < 2:
        form.wrong("option2" if found else "option1", _("Il y a moins de deux réponses. Écrivez-en deux ou trois."))
    elif not form.errors and sorted(found) != list(range(1, len(found) + 1)):
        form.wrong(f"key{len(found)}", _("Une touche manque. Avec deux réponses, prenez les touches 1 et 2."))
    return found


def _check_length(form: Typed, question: str, options: Mapping[int, str]) -> None:
    said = " ".join([question, *(f"{key} {options[key]}" for key in sorted(options))])
    size = measure(said)
    if not form.errors and size.parts > LONGEST_SMS:
        form.wrong("question", _("La question et ses réponses prennent %(n)s SMS. Il en faut deux au plus.", n=size.parts))


def _quiz(session: Session, number: int) -> Quiz:
    row = session.get(Quiz, number)
    if row is None:
        abort(404)
    return row


def _results(
    session: Session, number: int, by: By, languages: Mapping[str, str], sheets: list[questions.QuestionSheet]
) -> tuple[Table, list[tuple[str, str, str, Rate]]]:
    """The results as a table to draw, and as lines to read: question, phase, group and what was counted."""
    numbers = {sheet.row.id: place for place, sheet in enumerate(sheets, start=1)}
    lines = []
    for line in rates(session, number, by, scope(session)):
        phase = str(content_words.PHASES[Phase(line.phase)]) if line.phase in set(Phase) else ""
        group = content_words.group(by, line.group, languages)
        lines.append((_("Question %(n)s", n=numbers[line.question_id]), phase, group, line))
    rows = tuple(
        (" ".join(filter(None, (one[0], one[1], "" if by is By.ALL else one[2]))), round(share.value, 1))
        for one in lines
        if (share := one[3].share) is not None
    )
    return Table("quiz", _("Réponses justes"), (_("Question"), _("Justes en %")), rows), lines


def _hands(session: Session, sheets: list[questions.QuestionSheet]) -> tuple[Any, ...] | None:
    """Right before, right after, voters and gain by raised hands in the sessions of this theme, last quarter."""
    theme = next((sheet.row.theme_code for sheet in sheets if sheet.row.theme_code), None)
    today = now(session).date()
    table = quiz_by_theme(session, Scope(today - SHOW_OF_HANDS, today, scope(session)))
    return next((row[1:] for row in table.rows if theme and str(row[0]).split(" ")[0] == str(theme)), None)
