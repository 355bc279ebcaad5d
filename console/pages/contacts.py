"""Contacts: one number, the people behind it, its one history. Numbers stay masked until « Afficher », which is written down.

Terrain finds the numbers of its own villages; any other is a 404, as if it did not exist.
"""

import re

from flask import abort, request, url_for

from clubs import disclosures, erasing, overview, search
from console import club_words, phone_words
from console.access import Answer, Pages, R, scope, who
from console.edge import exchange, now, reading, writing
from console.forms import Page, Typed, done, render
from console.words import _
from messaging import contacts, settling, timeline
from messaging.errors import ForbiddenMove, NotSettled
from messaging.exchange import DISPATCH
from messaging.models import Contact, ContactState, Message, MessageState
from messaging.numbers import normalise
from runtime import audit
from runtime.database import Session

pages = Pages("contacts")
READS = {R.COMMUNICATION, R.TERRAIN, R.ADMINISTRATION}
CORRECTS = {R.COMMUNICATION, R.TERRAIN}
IMPORTS = {R.COMMUNICATION}
ERASES = {R.ADMINISTRATION}
KEEPS_BACK = {R.COMMUNICATION}
LOOKS_INTO = {R.COMMUNICATION, R.ADMINISTRATION}
DIGITS = 8
TO_READ = "a-relire"


@pages.page("/contacts", roles=READS)
def index() -> Answer:
    """Numbers by number or name, fifty at a time."""
    form = Typed({"q": request.args.get("q", "")})
    words = form.text("q", most=80)
    wrong = _not_a_number(words)
    if wrong:
        form.wrong("q", wrong)
    with reading() as session:
        allowed, doubtful = scope(session), not words and request.args.get("vue") == TO_READ
        sought = "" if form.errors else words
        page = Page.asked(search.search(session, sought, allowed, 0, 1, doubtful=doubtful).total)
        found = search.search(session, sought, allowed, page.offset, page.limit, doubtful=doubtful)
        in_doubt = search.doubtful(session, allowed)
        languages = overview.languages(session)
    lines = () if form.errors else found.lines
    values = {"form": form, "lines": lines, "page": page, "words": phone_words, "club_words": club_words}
    values |= {"doubtful": doubtful, "in_doubt": in_doubt}
    return render("contacts/index.html", languages_by_code=languages, imports=who().may(*IMPORTS), **values)


def _not_a_number(words: str) -> str | None:
    """Why what looks like a number is none: what happened, then what to do."""
    if not words or re.search(r"[^\d\s+().-]", words) or normalise(words):
        return None
    digits = len(re.sub(r"\D", "", words))
    if digits != DIGITS:
        return _("Ce numéro a %(n)s chiffres. Il en faut %(wanted)s.", n=digits, wanted=DIGITS)
    return _("Ce numéro n'est pas malien. Vérifiez ses huit chiffres.")


@pages.page("/contacts/<int:number>", roles=READS)
def show(number: int) -> Answer:
    """One number."""
    with reading() as session:
        contact = _contact(session, number)
        line = search.behind(session, contact, scope(session))
        page = Page.asked(timeline.length(session, number))
        moments = timeline.moments(session, number, page.offset, page.limit)
        exchanges = timeline.exchanges_of(session, moments) if who().may(*LOOKS_INTO) else {}
        apart = frozenset() if who().may(R.PROTECTION) else disclosures.of_phone(session, number)
        consents, opt_outs = timeline.consents(session, number), timeline.opt_outs(session, number)
        languages = overview.languages(session)
    form = Typed({"language": contact.language or ""})
    values = {"contact": contact, "line": line, "page": page, "moments": moments, "apart": apart, "consents": consents}
    values |= {"exchanges": exchanges}
    values |= {"opt_outs": opt_outs, "languages_by_code": languages, "form": form, "words": phone_words}
    may = {
        "operators": phone_words.OPERATORS,
        "corrects": who().may(*CORRECTS),
        "erases": who().may(*ERASES),
        "keeps_back": who().may(*KEEPS_BACK),
        "kept_back": settling.kept_back,
        "may_wait": settling.may_wait,
        "club_words": club_words,
    }
    names = {one.member_id: one.name or "" for one in line.people}
    return render("contacts/show.html", names=names, erased=contact.state is ContactState.ERASED, **values, **may)


def _contact(session: Session, number: int) -> Contact:
    return search.visible(session, number, scope(session)) or abort(404)


@pages.page("/contacts/<int:number>/arreter", roles=CORRECTS, post=True)
def stop(number: int) -> Answer:
    """Stop sending to a number that asked for it by word of mouth."""
    with writing() as session:
        contact = _contact(session, number)
        stopped = contacts.stop(session, contact, now(session), "staff")
        if stopped:
            audit.record(session, now(session), "stop_contact", "contact", number, staff_id=who().id)
    said = _("Ce numéro ne reçoit plus de messages.") if stopped else _("Ce numéro était déjà désinscrit.")
    return done(url_for("contacts.show", number=number), said)


@pages.page("/contacts/<int:number>/rien-a-signaler", roles=CORRECTS, post=True)
def settle(number: int) -> Answer:
    """Somebody has read what the number wrote, and it is no STOP: what was held for it leaves."""
    with writing() as session:
        contact = _contact(session, number)
        session.refresh(contact, with_for_update={"key_share": True})
        in_doubt = contact.doubt_at is not None
        if in_doubt:
            contacts.settle_doubt(session, contact, now(session))
            queued = session.query(Message.channel_id).filter_by(contact_id=number, state=MessageState.QUEUED).distinct()
            for (channel_id,) in queued:
                exchange().work.nudge(session, DISPATCH, channel_id)
            audit.record(session, now(session), "settle_doubt", "contact", number, staff_id=who().id)
    said = _("Noté. Les campagnes reprennent pour ce numéro.") if in_doubt else _("Un collègue a déjà relu ce numéro.")
    return done(url_for("contacts.show", number=number), said)


@pages.page("/contacts/<int:number>/sms/<int:message>/retenir", roles=KEEPS_BACK, post=True)
def keep_back(number: int, message: int) -> Answer:
    """Keep back one SMS that has not left."""
    try:
        with writing() as session:
            settling.hold(session, _sms(session, number, message), who().id, now(session), "staff")
    except ForbiddenMove:
        return done(url_for("contacts.show", number=number), _("Trop tard : ce SMS n'attend plus."))
    return done(url_for("contacts.show", number=number), _("SMS mis de côté. Il ne part plus."))


@pages.page("/contacts/<int:number>/sms/<int:message>/laisser-partir", roles=KEEPS_BACK, post=True)
def let_go(number: int, message: int) -> Answer:
    """Let an SMS go that somebody kept back."""
    try:
        with writing() as session:
            row = _sms(session, number, message)
            settling.unhold(session, row, who().id, now(session))
            exchange().work.nudge(session, DISPATCH, row.channel_id)
    except NotSettled:
        return done(url_for("contacts.show", number=number), _("Ce SMS n'est plus mis de côté."))
    return done(url_for("contacts.show", number=number), _("SMS remis en file."))


def _sms(session: Session, number: int, message: int) -> Message:
    return session.query(Message).filter_by(id=message, contact_id=_contact(session, number).id).one_or_none() or abort(404)


@pages.page("/contacts/<int:number>/langue", roles=CORRECTS, post=True)
def language(number: int) -> Answer:
    """Correct the language a number hears."""
    wanted = request.form.get("language", "")
    with writing() as session:
        contact = _contact(session, number)
        if wanted and wanted not in overview.languages(session):
            abort(400)
        contact.language = wanted or None
        audit.record(session, now(session), "correct_language", "contact", number, staff_id=who().id, language=wanted)
    return done(url_for("contacts.show", number=number), _("Langue enregistrée."))


@pages.page("/contacts/<int:number>/effacer", roles=ERASES, form=True)
def erase(number: int) -> Answer:
    """Erase a number, its texts and the names behind it; this cannot be taken back, so the page says what goes."""
    form = Typed.sent_or()
    if form.sent and not form.ticked("sure"):
        form.wrong("sure", _("Cochez la case pour effacer."))
    elif form.sent:
        with writing() as session:
            erased = erasing.erase(session, _contact(session, number), now(session))
            if erased:
                audit.record(session, now(session), "erase_contact", "contact", number, staff_id=who().id)
        said = _("Numéro effacé. Il ne recevra plus rien.") if erased else _("Ce numéro était déjà effacé.")
        return done(url_for("contacts.index"), said)
    with reading() as session:
        contact = _contact(session, number)
        line = search.behind(session, contact, scope(session))
    return render("contacts/erase.html", contact=contact, line=line, form=form), 422 if form.errors else 200
