"""« Mots des rapports » : how each language writes the labels and keywords of the reports, and how a given SMS is read.

A word is read in service only once somebody who speaks the language has confirmed it; until then the simulator alone reads it.
"""

from typing import Any

from flask import abort, url_for

from clubs import spellings
from clubs.grammar.context import Sender
from clubs.grammar.explain import explain
from clubs.grammar.local import KEYWORDS, MEANINGS, SKIP, Refusal, Why
from clubs.grammar.words import FRENCH
from clubs.records import ReportWord
from console.access import Answer, Pages, R, who
from console.club_words import MEANING_WORDS, OUTCOME_WORDS, WORD_REFUSALS
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from runtime import audit
from translations.models import Language

pages = Pages("report_words")
LANGUAGES = {R.ADMINISTRATION, R.LANGUE}
SAMPLE_CLUB = "1032"
SHOWN = ("theme", "women", "men", "youth", "mothers", "radio", "children", "villages", "before", "after", "voters", "recipe")


@pages.page("/mots-des-rapports", roles=LANGUAGES, form=True)
def index() -> Answer:
    """Every word in service or proposed, and the form that adds one."""
    form = Typed.sent_or()
    if form.sent:
        language = form.one_of("language", _codes(), needed=_("Choisissez la langue."))
        word = form.text("word", needed=_("Écrivez le mot."), most=32)
        means = form.one_of("means", MEANINGS, needed=_("Choisissez ce que le mot veut dire."))
        if not form.errors and _proposed(form, language, word, means):
            return done(url_for("report_words.index"), _("Mot ajouté. Une personne qui parle la langue doit le confirmer."))
    return _page(form), 422 if form.errors else 200


@pages.page("/mots-des-rapports/<int:number>/confirmer", roles=LANGUAGES, form=True)
def confirm(number: int) -> Answer:
    """Who confirmed a word: a name or a role, kept sealed."""
    form = Typed.sent_or()
    if form.sent:
        speaker = form.text("speaker", needed=_("Écrivez le nom ou le rôle de la personne."), most=80)
        if not form.errors:
            try:
                with writing() as session:
                    row = session.get(ReportWord, number) or abort(404)
                    spellings.confirm(session, row, speaker, who().id, now(session))
                    _note(session, "confirm_report_word", row)
                return done(url_for("report_words.index"), _("Mot confirmé. Il est lu dès le prochain SMS."))
            except spellings.WordRefused as refused:
                form.wrong("", why_refused(refused.refusal))
    with reading() as session:
        row = session.get(ReportWord, number) or abort(404)
        language = session.get_one(Language, row.language).name
    if row.withdrawn_at is not None:
        abort(404)
    words = {"row": row, "language": language, "meaning": MEANING_WORDS[row.means]}
    return render("report_words/confirm.html", form=form, **words), 422 if form.errors else 200


@pages.page("/mots-des-rapports/<int:number>/retirer", roles=LANGUAGES, post=True)
def withdraw(number: int) -> Answer:
    """Take a word out of service."""
    with writing() as session:
        row = session.get(ReportWord, number) or abort(404)
        spellings.withdraw(session, row, now(session))
        _note(session, "withdraw_report_word", row)
    return done(url_for("report_words.index"), _("Mot retiré. Les rapports déjà lus ne changent pas."))


@pages.page("/mots-des-rapports/essai", roles=LANGUAGES, form=True)
def trial() -> Answer:
    """How a text would be read and answered; nothing is stored."""
    form = Typed.sent_or({"drafts": "1"})
    read = None
    if form.sent:
        text = form.text("sms", needed=_("Écrivez un SMS."), most=480)
        if not form.errors:
            with reading() as session:
                known = spellings.vocabulary(
                    session, training=form.ticked("drafts"), number_words=exchange().settings.number_words
                )
                at = now(session)
            told = explain(text, at=at, club=SAMPLE_CLUB, sender=Sender.FACILITATOR.value, vocabulary=known)
            read = _in_words(told)
    return render("report_words/trial.html", form=form, read=read), 422 if form.errors else 200


def why_refused(refusal: Refusal) -> str:
    """The reason in words, with what stands in the way."""
    other = str(MEANING_WORDS.get(refusal.other, refusal.other))
    return str(WORD_REFUSALS[refusal.why]) % {"other": other}


def _proposed(form: Typed, language: str, word: str, means: str) -> bool:
    try:
        with writing() as session:
            row = spellings.propose(session, language, word, means, who().id, now(session))
            _note(session, "propose_report_word", row)
        return True
    except spellings.WordRefused as refused:
        form.wrong("means" if refused.refusal.why is Why.MEANING else "word", why_refused(refused.refusal))
        return False


def _page(form: Typed) -> str:
    with reading() as session:
        rows = spellings.all_words(session)
        languages = [(row.code, row.name) for row in session.query(Language).order_by(Language.menu_number)]
    meanings = [(name, f"{MEANING_WORDS[name]} – {_french(name)}" if _french(name) else MEANING_WORDS[name]) for name in MEANINGS]
    return render(
        "report_words/index.html", form=form, rows=rows, spoken=languages, meanings=meanings, meaning_words=MEANING_WORDS
    )


def _french(name: str) -> str:
    """The French spellings beside which the new one will stand."""
    if name == SKIP:
        return ""
    if name in KEYWORDS:
        return ", ".join(alias for alias, kind in FRENCH.aliases.items() if kind.value == name)
    return ", ".join(FRENCH.spellings[name])


def _codes() -> list[str]:
    with reading() as session:
        return [code for (code,) in session.query(Language.code)]


def _in_words(told: dict[str, object]) -> dict[str, Any]:
    values = told["values"]
    assert isinstance(values, dict)
    figures = [(MEANING_WORDS[name], values[name]) for name in SHOWN if values[name] is not None]
    figures = [(words, (_("oui") if value else _("non")) if isinstance(value, bool) else value) for words, value in figures]
    return {
        "outcome": OUTCOME_WORDS[str(told["outcome"])],
        "kind": MEANING_WORDS.get(str(told["kind"]), str(told["kind"])),
        "figures": figures,
        "date": values["date"],
        "note": values["note"],
        "reply": told["reply"],
    }


def _note(session: Any, action: str, row: ReportWord) -> None:
    audit.record(session, now(session), action, "report_word", row.id, staff_id=who().id, language=row.language, means=row.means)
