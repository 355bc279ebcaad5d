"""Villages et clubs: who meets, who reports, what was decided. A facilitator's villages only are there for Terrain.

Reports typed here pass the SMS grammar's own checks (clubs/by_hand.py); partners see neither names nor small counts.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import abort, request, url_for
from flask import session as flask_session

from campaigns import places
from clubs import by_hand, overview, pauses, people, pins
from clubs.grammar.values import Kind
from clubs.models import Club, Member, Village
from clubs.records import Report
from console import club_words
from console.access import EVERYONE, Answer, Pages, R, scope, who
from console.club_scope import club_here, village_here
from console.club_words import few, sees_small
from console.edge import exchange, now, reading, writing
from console.forms import Page, Typed, done, draft, render
from console.words import _
from messaging.models import Contact
from runtime import audit
from runtime.database import Session
from translations.models import Theme

pages = Pages("villages")
REPORTS = {R.COMMUNICATION, R.TERRAIN, R.SUIVI}
PAUSES = {R.COMMUNICATION, R.TERRAIN}
PINS = {R.ADMINISTRATION, R.TERRAIN}
TOTALS_ONLY = {R.LECTURE, R.LANGUE}
MOST = 999
LONG_AGO = timedelta(days=45)


@pages.page("/villages", roles=EVERYONE)
def index() -> Answer:
    """All villages together in one table."""
    with reading() as session:
        allowed = scope(session)
        rows = overview.villages(session, now(session).date(), allowed)
    return render("clubs/index.html", villages=rows, own=allowed is not None, few=few, sees_small=sees_small())


@pages.page("/villages/<int:number>", roles=EVERYONE)
def village(number: int) -> Answer:
    """One village and its clubs."""
    with reading() as session:
        row = village_here(session, number)
        today = now(session).date()
        line = overview.villages(session, today, [number])[0]
        clubs = overview.clubs_of(session, today, number)
    values = {"village": row, "line": line, "clubs": clubs, "kinds": club_words.CLUB_KINDS}
    return render("clubs/village.html", few=few, sees_small=sees_small(), pauses=bool(who().roles & PAUSES), **values)


@dataclass(frozen=True)
class Person:
    """A member on the club's sheet; `contact` is the phone, if any."""

    member: Any
    contact: Contact | None


@pages.page("/clubs/<int:number>", roles=EVERYONE)
def club(number: int) -> Answer:
    """One club: its people, sessions, actions, expected reports, and every version of what it reported."""
    with reading() as session:
        row = club_here(session, number)
        today = now(session).date()
        values: dict[str, Any] = {"club": row, "village": session.get(Village, row.village_id), "today": today}
        values |= {"tally": overview.tally(session, today, number), "sessions": overview.attendance(session, number)}
        values |= {"expected": overview.expected(session, number), "actions": overview.actions(session, number)}
        values |= {"themes": themes(session), "languages_by_code": overview.languages(session)}
        if not who().roles <= TOTALS_ONLY:
            values |= _inside(session, number)
    return render("clubs/club.html", words=club_words, few=few, **values, **_may())


def _inside(session: Session, number: int) -> dict[str, Any]:
    """What partners and translators do not get: reports one by one, those to tell in person, and for some the people."""
    page = Page.asked(overview.report_count(session, number), size=20)
    found: dict[str, Any] = {"page": page, "reports": overview.reports(session, number, page.offset, page.limit)}
    found |= {"to_relay": people.to_relay(session, number), "handovers": overview.handovers(session, number)}
    if who().sees_people:
        members = overview.members_of(session, number)
        phones = {each.id: each for each in session.query(Contact).filter(Contact.id.in_([one.contact_id for one in members]))}
        found["members"] = [Person(each, phones.get(each.contact_id or 0)) for each in members]
        found["in_series"] = places.followed(session, [each.id for each in members])
        posted = {each.id for each in people.facilitators(session, number, now(session).date())}
        found["facilitators"] = [each for each in found["members"] if each.member.id in posted]
        fresh = flask_session.get("fresh_pin")
        found["fresh_pin"] = flask_session.pop("fresh_pin") if fresh and fresh["club"] == number else None
    return found


def _may() -> dict[str, bool]:
    able = {"reports_by_hand": REPORTS, "pauses": PAUSES, "pins": PINS}
    return {name: bool(who().roles & roles) for name, roles in able.items()}


@pages.page("/clubs/<int:number>/rapport", roles=REPORTS, form=True)
def report(number: int) -> Answer:
    """Type a report in that came on paper or by voice."""
    with reading() as session:
        row = club_here(session, number)
        kind = request.args.get("sorte", Kind.CR.value)
        kept = draft(f"report-{number}-{kind}-new")
        form = Typed.sent_or({"day": now(session).date().isoformat(), **(kept or {}), "kind": kind})
    return _typed(row, form, None)


@pages.page("/rapports/<int:number>/corriger", roles=REPORTS, form=True)
def correct(number: int) -> Answer:
    """A new version of a report, which keeps the old one."""
    with reading() as session:
        old = _report(session, number)
        row = club_here(session, old.club_id or 0)
    return _typed(row, Typed.sent_or(draft(f"report-{row.id}-{old.kind}-{number}") or _as_form(old)), old)


@pages.page("/rapports/<int:number>/annuler", roles=REPORTS, post=True)
def undo(number: int) -> Answer:
    """Cancel what counts of a report; the version before counts again."""
    with writing() as session:
        row = _report(session, number)
        club_here(session, row.club_id or 0)
        club_id = row.club_id
        undone = by_hand.undo(session, row, who().id, now(session))
        if undone:
            audit.record(session, now(session), "undo_report", "report", row.id, staff_id=who().id)
    said = _("Rapport n° %(n)s annulé.", n=number) if undone else _("Ce rapport ne comptait plus : rien n'a changé.")
    return done(url_for("villages.club", number=club_id), said)


@pages.page("/clubs/<int:number>/pause", roles=PAUSES, form=True)
def pause_club(number: int) -> Answer:
    """Stop sendings, calls and reminders to a club for some days, or begin again."""
    with reading() as session:
        row = club_here(session, number)
    title = _("Mettre le club %(code)s en pause", code=row.code)
    return _pause(Club, number, title, row.paused_until, url_for("villages.club", number=number))


@pages.page("/clubs/<int:number>/code", roles=PINS, post=True)
def pin(number: int) -> Answer:
    """Give a facilitator a new secret code for the telephone; shown once."""
    with writing() as session:
        row = club_here(session, number)
        member = _facilitator(session, number)
        again = member.pin_hash is not None
        code = pins.issue(session, member)
        audit.record(session, now(session), "issue_pin", "member", member.id, staff_id=who().id)
    flask_session["fresh_pin"] = {"club": row.id, "member": member.id, "code": code}
    said = _("Nouveau code prêt. L'ancien ne sert plus.") if again else _("Code prêt.")
    return done(url_for("villages.club", number=number), said)


def _facilitator(session: Session, number: int) -> Member:
    wanted = request.form.get("member", "")
    found = people.facilitators(session, number, now(session).date())
    return next((each for each in found if str(each.id) == wanted), None) or abort(404)


@pages.page("/villages/<int:number>/pause", roles=PAUSES, form=True)
def pause_village(number: int) -> Answer:
    """The same for all the clubs of a village."""
    with reading() as session:
        row = village_here(session, number)
    title = _("Mettre %(name)s en pause", name=row.name)
    return _pause(Village, number, title, row.paused_until, url_for("villages.village", number=number))


def _pause(model: type[Club] | type[Village], number: int, title: str, until: Any, back: str) -> Answer:
    form = Typed.sent_or({"until": until.isoformat() if until else ""})
    if form.sent:
        again = form.ticked("again")
        day, since = pause_days(form, again)
        if not form.errors:
            with writing() as session:
                row = session.get_one(Club, number) if model is Club else session.get_one(Village, number)
                pauses.pause(session, row, day, since=since, now=now(session))
                act = "pause" if day else "end_pause"
                audit.record(session, now(session), act, model.__tablename__, number, staff_id=who().id)
            return done(back, _("La pause est finie.") if again else _("Pause enregistrée. Rien ne part jusque-là."))
    values = {"form": form, "title": title, "until": until, "back": back}
    return render("clubs/pause.html", **values), 422 if form.errors else 200


def pause_days(form: Typed, again: bool) -> tuple[date | None, date]:
    """The last day of a pause (None to end it) and its first, which may have passed: an outage is known afterwards."""
    until = None if again else form.day("until", needed=_("Choisissez le dernier jour de la pause."))
    with reading() as session:
        today = now(session).date()
    since = form.day("since") or today
    if until is not None and until < today:
        form.wrong("until", _("Ce jour est passé. Choisissez un jour à venir."))
    if since > today:
        form.wrong("since", _("Ce jour n'est pas venu. Laissez vide pour commencer aujourd'hui."))
    if since < today - LONG_AGO:
        form.wrong("since", _("Ce jour a plus de 45 jours. Choisissez un jour plus récent."))
    return until, since


def _typed(row: Club, form: Typed, old: Report | None) -> Answer:
    kind = Kind(old.kind) if old else _kind(form.value("kind"))
    other = None
    if form.sent:
        typed = _read(form, kind)
        if typed is not None:
            stored, other = _store(row, form, typed, old)
            if stored is not None:
                return done(url_for("villages.club", number=row.id), stored)
    with reading() as session:
        values: dict[str, Any] = {"themes": list(themes(session).items()), "village": session.get(Village, row.village_id)}
    values |= {"club": row, "form": form, "kind": kind, "old": old, "other": other, "kinds": club_words.REPORT_KINDS}
    values |= {"reasons": list(club_words.REASONS.items()), "events": list(club_words.EVENTS.items())}
    return render("clubs/report.html", **values), 422 if form.errors else 200


def _kind(value: str) -> Kind:
    found = next((kind for kind in by_hand.KINDS if kind.value == value), None)
    if found is None:
        abort(404)
    return found


def _read(form: Typed, kind: Kind) -> by_hand.Typed | None:
    names = (by_hand.FIRST[kind], *(name for name, _label in by_hand.LABELS[kind]))
    day = form.day("day", needed=_("Choisissez le jour."))
    for name in (*names, "second_theme"):
        form.whole(name, most=MOST)
    if form.errors or day is None:
        return None
    fields = {name: form.value(name).replace(" ", "") for name in names}
    return by_hand.Typed(kind, day, fields, form.value("second_theme") if kind is Kind.CR else "")


def _store(row: Club, form: Typed, typed: by_hand.Typed, old: Report | None) -> tuple[str | None, int | None]:
    """What to say of the report that was stored, or None and the session that stands in its way, errors being on the form."""
    with writing() as session:
        at, zone = now(session), exchange().settings.timezone
        club = session.get_one(Club, row.id)
        corrects = old.number if old else None
        verdict = by_hand.judge_typed(session, club, typed, at, corrects=corrects, zone=zone)
        other = by_hand.other_session(verdict)
        if other is not None and form.value("which"):
            known = {"corrects": other} if form.value("which") == "same" else {"another": other}
            verdict = by_hand.judge_typed(session, club, typed, at, zone=zone, **known)
        held = verdict.outcome.value == "HOLD"
        if not by_hand.stores(verdict):
            _refuse(form, verdict)
            return None, other
        if held and not form.ticked("checked"):
            form.wrong("checked", _("Plus de 80 personnes, ou plus de 14 jours. Vérifiez, puis cochez « J'ai vérifié »."))
            return None, other
        made = by_hand.store(session, verdict, who().id, at)
        audit.record(session, at, "report_by_hand", "report", made.id, staff_id=who().id, version=made.version)
        if made.version > 1:
            return _("Rapport n° %(n)s corrigé : version %(v)s. L'ancienne est gardée.", n=made.number, v=made.version), None
        return _("Rapport n° %(n)s enregistré.", n=made.number), None


def _refuse(form: Typed, verdict: Any) -> None:
    if verdict.problem is None:
        form.wrong("", _("Ce rapport est déjà noté sous le numéro %(n)s. Rien n'a changé.", n=verdict.effect.number))
        return
    form.wrong(*club_words.problem_words(by_hand.problem_of(verdict)))


def _as_form(old: Report) -> dict[str, Any]:
    values = {name: value for name, value in old.values.items() if value is not None and not isinstance(value, list)}
    if "radio" in values:
        values["radio"] = "1" if values["radio"] else "0"
    second = (old.values.get("more_themes") or [""])[0]
    return {**values, "day": old.session_date.isoformat() if old.session_date else "", "second_theme": second}


def themes(session: Session) -> dict[int, str]:
    """The themes' names by code."""
    return {row.code: row.name for row in session.query(Theme).order_by(Theme.code)}


def _report(session: Session, number: int) -> Report:
    """The version of a report that counts, else its latest; 404 outside of one's villages."""
    versions = session.query(Report).filter_by(number=number).order_by(Report.version.desc()).all()
    row = next((each for each in versions if each.state.value == "valid"), versions[0] if versions else None)
    if row is None or row.kind not in {kind.value for kind in by_hand.KINDS}:
        abort(404)
    return row
