"""Boîte de réception: what nobody understood, what nobody answered, reports that are not settled.

What is sorted as a disclosure leaves this page at once for everybody but Protection, and exists for nobody else (404).
"""

from datetime import timedelta
from typing import Any

from flask import abort, request, url_for

from clubs import delays, inbox, inquiries
from clubs.grammar.values import Kind
from clubs.inbox import Eyes, Piece, Shelf
from clubs.inquiries import InboxError
from clubs.records import InquiryKind, InquiryState
from console import club_words, content_words, deciding, inquiry_page
from console.access import Answer, Pages, R, who
from console.answering import ANSWERS, answer, eyes, open_to_me, read_again, tell_receipt, uncallable
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import Page, Typed, done, draft, render
from console.pages.clubs import themes
from console.staff import Draft, Staff
from console.words import _
from runtime import audit
from runtime.database import Session

pages = Pages("inbox")
READERS = {R.COMMUNICATION, R.TERRAIN, R.VALIDATION, R.PROTECTION}
COLLEAGUE = timedelta(minutes=15)
SPAN = 90
"""Days over which the delay of answers is counted."""
SORTED = [kind for kind in InquiryKind if kind is not InquiryKind.UNSORTED]


@pages.page("/reception", roles=READERS)
def index() -> Answer:
    """One part of the inbox, as the address says."""
    with reading() as session:
        mine = eyes(session)
        counts = inbox.counts(session, mine)
        shelves = _shelves(mine)
        asked = request.args.get("vue", "")
        shown = next((one for one in shelves if one.value == asked), shelves[0])
        page = Page.asked(counts[shown])
        pieces = inbox.shelf(session, mine, shown, page.offset, page.limit)
        at = now(session)
        values = {"pieces": pieces, "page": page, "themes": themes(session), "at": at}
        since = at - timedelta(days=SPAN)
        values["figures"] = delays.answering(session, since, at, at, inbox.of(mine.villages)) if mine.questions else None
    waiting = sum(counts[one] for one in shelves if one is not Shelf.DONE)
    values |= {"words": club_words, "span": SPAN, "length": content_words.length, "writes": who().may(*ANSWERS)}
    return render("inbox/index.html", shelves=shelves, shown=shown, counts=counts, waiting=waiting, **values)


@pages.page("/reception/question/<int:number>", roles=READERS, form=True)
def question(number: int) -> Answer:
    """One question: read it, sort it, answer it."""
    with reading() as session:
        piece = inbox.inquiry(session, eyes(session), number)
        if piece is None or piece.inquiry is None:
            abort(404)
        kept = draft(_draft_of(number))
        way = "sms" if piece.recording is None or uncallable(session, piece) else "voice"
    form = Typed.sent_or(kept or {"text": piece.inquiry.answer or "", "way": way})
    if form.sent and (said := answer(form, piece)):
        return done(url_for("inbox.index"), said)
    with reading() as session:
        values = _around(session, piece)
    return render(
        "inbox/question.html", form=form, piece=piece, words=club_words, draft_name=_draft_of(number), **values
    ), 422 if form.errors else 200


@pages.page("/reception/question/<int:number>/trier", roles=READERS, post=True)
def sort(number: int) -> Answer:
    """Say what a question is. A disclosure is put apart at once, with its voice; a complaint's receipt is told."""
    kind = next((one for one in SORTED if one.value == request.form.get("kind")), None) or abort(400)
    within = timedelta(days=exchange().settings.answer_days)
    told = False
    with writing() as session:
        row, at = open_to_me(session, number), now(session)
        try:
            numbered = inquiries.sort(session, row, kind, at, who().id, within=within)
        except InboxError:
            return done(url_for("inbox.index"), _("Cette question n'attend plus."))
        audit.record(session, at, "sort_inquiry", "inquiry", number, staff_id=who().id, kind=kind.value)
        receipt = row.receipt_number
        if numbered and (piece := inbox.inquiry(session, eyes(session), number)):
            told = tell_receipt(session, piece, row)
    if kind is InquiryKind.PROTECTION and not who().may(R.PROTECTION):
        return done(url_for("inbox.index"), _("Message mis à part. Seule la Protection le voit maintenant."))
    said = _("Message trié.")
    if kind is InquiryKind.COMPLAINT:
        said = _("Plainte notée sous le reçu %(n)s. Dites-le dans la réponse.", n=receipt)
        if told:
            said = _("Plainte notée sous le reçu %(n)s. La personne le reçoit par SMS.", n=receipt)
    return done(url_for("inbox.question", number=number), said)


@pages.page("/reception/question/<int:number>/theme", roles=READERS, post=True)
def theme(number: int) -> Answer:
    """Say what a question is about: ready answers on that theme come first."""
    with writing() as session:
        row, asked = open_to_me(session, number), request.form.get("theme", "")
        known = {str(code) for code in themes(session)}
        if asked and asked not in known:
            abort(400)
        row.theme_code = int(asked) if asked else None
        audit.record(session, now(session), "theme_inquiry", "inquiry", number, staff_id=who().id, theme=row.theme_code)
    return done(url_for("inbox.question", number=number), _("Thème noté."))


@pages.page("/reception/question/<int:number>/classer", roles=READERS, post=True)
def close(number: int) -> Answer:
    """Put a question away without an answer; it can be taken back."""
    with writing() as session:
        row, at = open_to_me(session, number), now(session)
        again = row.state in (InquiryState.CLOSED, InquiryState.PASSED_ON)
        try:
            inquiries.reopen(session, row) if again else inquiries.close(session, row, at)
        except InboxError:
            return done(url_for("inbox.index"), _("Un collègue a déjà traité ce message."))
        audit.record(session, at, "reopen_inquiry" if again else "close_inquiry", "inquiry", number, staff_id=who().id)
    if again:
        return done(url_for("inbox.question", number=number), _("Le message attend de nouveau."))
    return done(url_for("inbox.index"), _("Message classé. Il reste dans « Traités »."))


@pages.page("/reception/message/<int:number>", roles=ANSWERS, post=True)
def take_up(number: int) -> Answer:
    """A message nobody answered becomes a question; or, asked so, it is put away."""
    with writing() as session:
        piece = inbox.message(session, eyes(session), number)
        if piece is None or piece.message is None:
            abort(404)
        try:
            row = inquiries.take_up(session, piece.message, now(session), piece.sender.club_id)
        except InboxError:
            return done(url_for("inbox.index", vue=Shelf.UNREAD.value), _("Un collègue a déjà traité ce message."))
        away = bool(request.form.get("away"))
        if away:
            inquiries.close(session, row)
        audit.record(session, now(session), "take_up_message", "message", number, staff_id=who().id, away=away)
        made = row.id
    if away:
        return done(url_for("inbox.index", vue=Shelf.UNREAD.value), _("Message classé. Il reste dans « Traités »."))
    return done(url_for("inbox.question", number=made))


@pages.page("/reception/rapport/<int:number>", roles=ANSWERS, form=True)
def report(number: int) -> Answer:
    """A draft, a held or an unverified report: mend its text and read it again."""
    with reading() as session:
        piece = inbox.report(session, eyes(session), number)
        if piece is None or piece.report is None or piece.report.kind == Kind.NF:
            abort(404)
        names = themes(session)
    form = Typed.sent_or(draft(f"replay-{number}") or {"text": piece.message.text if piece.message else ""})
    if form.sent and (said := read_again(form, piece.message, piece.report)):
        return done(url_for("inbox.index", vue=Shelf.REPORTS.value), said)
    values = {"piece": piece, "form": form, "themes": names, "words": club_words}
    return render("inbox/report.html", **values), 422 if form.errors else 200


@pages.page("/reception/question/<int:number>/relire", roles=ANSWERS, form=True)
def mend(number: int) -> Answer:
    """A text nobody understood that was meant as a report: mend it and read it again."""
    with reading() as session:
        piece = inbox.inquiry(session, eyes(session), number)
    if piece is None or piece.message is None or piece.inquiry is None or piece.inquiry.state is not InquiryState.OPEN:
        abort(404)
    form = Typed.sent_or(draft(f"mend-{number}") or {"text": piece.message.text or ""})
    if form.sent and (said := read_again(form, piece.message, None, piece.inquiry)):
        return done(url_for("inbox.index"), said)
    values = {"piece": piece, "form": form, "themes": {}, "words": club_words}
    return render("inbox/report.html", **values), 422 if form.errors else 200


@pages.page("/reception/rapport/<int:number>/decider", roles=ANSWERS, post=True)
def decide(number: int) -> Answer:
    """Count a held or unverified report, give a club to its next facilitator, refuse either, or put a draft away."""
    accept = bool(request.form.get("accept"))
    with writing() as session:
        piece = inbox.report(session, eyes(session), number)
        if piece is None or piece.report is None:
            abort(404)
        row, at = piece.report, now(session)
        if row.number is not None:
            said = deciding.decide(session, row, accept)
        elif inbox.drop(session, row, at):
            audit.record(session, at, "refuse_report", "report", number, staff_id=who().id)
            said = _("Rapport refusé : il ne compte pas.")
        else:
            said = _("Un collègue a déjà traité ce rapport.")
    return done(url_for("inbox.index", vue=Shelf.REPORTS.value), said)


def _shelves(eyes: Eyes) -> list[Shelf]:
    """The parts this person has."""
    shelves = [Shelf.QUESTIONS] if eyes.questions or eyes.health else []
    shelves += [Shelf.UNREAD, Shelf.REPORTS] if eyes.questions else []
    shelves += [Shelf.DISCLOSURES] if eyes.disclosures else []
    return [*shelves, Shelf.DONE]


def _draft_of(number: int) -> str:
    return f"inbox-answer-{number}"


def _around(session: Session, piece: Piece) -> dict[str, Any]:
    assert piece.inquiry is not None
    values = inquiry_page.around(session, piece)
    colleague = _colleague(session, piece.inquiry.id)
    may_answer = bool(who().roles & (ANSWERS | {R.VALIDATION, R.PROTECTION}))
    return {**values, "colleague": colleague, "may_answer": may_answer, "sorted": SORTED, "themes": themes(session)}


def _colleague(session: Session, number: int) -> str | None:
    """Who else was typing an answer a moment ago: what they type is kept as their draft."""
    recent = session.query(Staff.display_name).join(Draft, Draft.staff_id == Staff.id)
    mine = recent.filter(Draft.form == _draft_of(number), Draft.saved_at > wall_time() - COLLEAGUE, Staff.id != who().id)
    found = mine.order_by(Draft.saved_at.desc()).first()
    return None if found is None else str(found[0])
