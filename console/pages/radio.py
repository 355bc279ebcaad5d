"""Radio: the stations, their episodes, which clubs heard each, and the sheet a station gets at the end of a month.

What leaves the house on that sheet are totals and what staff wrote of a question, never the question itself: neither a village
nor a club stands on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from flask import abort, request, url_for

from campaigns.models import Question
from clubs import overview, radio
from clubs.models import Area
from clubs.month import after, before
from clubs.records import RadioEpisode, RadioStation
from clubs.small import small
from console.access import STAFF, Answer, Pages, R, scope, who
from console.club_scope import month_asked
from console.edge import now, reading, writing
from console.forms import MOST, Typed, done, draft, render
from console.pages.clubs import themes
from console.words import _
from runtime import audit
from runtime.database import Session
from translations.models import Content

pages = Pages("radio")
WRITES = {R.COMMUNICATION}
SHEETS = {R.COMMUNICATION, R.SUIVI}


@dataclass(frozen=True)
class Episode:
    """An episode as the list and the sheet show it."""

    row: RadioEpisode
    station: str
    theme: str
    audience: radio.Audience


@pages.page("/radio", roles=STAFF)
def index() -> Answer:
    """The stations, and the episodes of one month."""
    with reading() as session:
        month = month_asked(now(session).date())
        stations = radio.stations(session)
        shown = _episodes(session, month, scope(session))
        areas = _areas(session)
        languages = overview.languages(session)
    values = {"stations": stations, "episodes": shown, "month": month, "areas": areas, "languages_": languages}
    values |= {"before": before(month), "after": after(month), "few": small}
    return render("radio/index.html", writes=bool(who().roles & WRITES), sheets=bool(who().roles & SHEETS), **values)


@pages.page("/radio/stations/nouvelle", roles=WRITES, form=True)
def new_station() -> Answer:
    """A station that airs our programmes."""
    return _station(None)


@pages.page("/radio/stations/<int:number>", roles=WRITES, form=True)
def station(number: int) -> Answer:
    """Change a station."""
    return _station(number)


def _station(number: int | None) -> Answer:
    with reading() as session:
        row = None if number is None else (session.get(RadioStation, number) or abort(404))
        areas, languages = _areas(session), overview.languages(session)
        taken = {one.name.casefold() for one in radio.stations(session) if one.id != number}
    form = Typed.sent_or(_station_fields(row))
    if form.sent:
        name = form.text("name", needed=_("Écrivez le nom de la station."), most=80)
        if name.casefold() in taken:
            form.wrong("name", _("Cette station est déjà dans la liste. Ouvrez-la pour la changer."))
        language = form.one_of("language", languages) or None
        area = form.one_of("area", [str(one) for one in areas])
        if not form.errors:
            with writing() as session:
                kept = RadioStation() if number is None else session.get_one(RadioStation, number)
                kept.name, kept.language, kept.area_id = name, language, int(area) if area else None
                kept.active = number is None or form.ticked("active")
                session.add(kept)
                session.flush()
                audit.record(session, now(session), "write_station", "radio_station", kept.id, staff_id=who().id)
            return done(url_for("radio.index"), _("Station enregistrée."))
    values = {"form": form, "areas": areas.items(), "languages_": languages.items(), "new": number is None}
    return render("radio/station.html", **values), 422 if form.errors else 200


def _station_fields(row: RadioStation | None) -> dict[str, object]:
    if row is None:
        return {}
    return {"name": row.name, "language": row.language, "area": row.area_id or "", "active": row.active}


@pages.page("/radio/emissions/nouvelle", roles=WRITES, form=True)
def new_episode() -> Answer:
    """A programme that will be, or was, on air."""
    return _episode(None)


@pages.page("/radio/emissions/<int:number>/changer", roles=WRITES, form=True)
def change_episode(number: int) -> Answer:
    """Change a programme."""
    return _episode(number)


def _episode(number: int | None) -> Answer:
    name = f"episode-{number or 'new'}"
    with reading() as session:
        row = None if number is None else (session.get(RadioEpisode, number) or abort(404))
        known = radio.stations(session)
        stations = {str(one.id): one.name for one in known if one.active or (row and one.id == row.station_id)}
        names, asked = _theme_names(session), _questions(session)
    if not stations:
        return done(url_for("radio.new_station"), _("Ajoutez d'abord la station qui diffuse."))
    form = Typed.sent_or(draft(name) or _episode_fields(row))
    if form.sent:
        where = form.one_of("station", stations, needed=_("Choisissez la station."))
        title = form.text("title", needed=_("Donnez un titre à l'émission."), most=120)
        theme = form.one_of("theme", names, needed=_("Choisissez le thème."))
        question = form.one_of("question", asked)
        airs = form.moment("airs", needed=_("Dites quand l'émission passe."))
        again = form.moment("repeats")
        if airs and again and again <= airs:
            form.wrong("repeats", _("La rediffusion vient avant l'émission. Corrigez une des deux dates."))
        if not form.errors and airs is not None:
            with writing() as session:
                kept = RadioEpisode() if number is None else session.get_one(RadioEpisode, number)
                kept.station_id, kept.title, kept.theme_code = int(where), title, int(theme)
                kept.question_id, kept.airs_at, kept.repeats_at = int(question) if question else None, airs, again
                session.add(kept)
                session.flush()
                made = kept.id
                audit.record(session, now(session), "write_episode", "radio_episode", made, staff_id=who().id)
            return done(url_for("radio.episode", number=made), _("Émission enregistrée."))
    values = {"form": form, "stations": stations.items(), "themes": names.items(), "questions": asked.items()}
    return render("radio/edit.html", draft_name=name, new=number is None, **values), 422 if form.errors else 200


def _episode_fields(row: RadioEpisode | None) -> dict[str, object]:
    if row is None:
        return {}
    again = row.repeats_at.strftime("%Y-%m-%dT%H:%M") if row.repeats_at else ""
    fields: dict[str, object] = {"station": row.station_id, "title": row.title, "theme": row.theme_code}
    return fields | {"question": row.question_id or "", "airs": row.airs_at.strftime("%Y-%m-%dT%H:%M"), "repeats": again}


@pages.page("/radio/emissions/<int:number>", roles=STAFF)
def episode(number: int) -> Answer:
    """One episode: who heard it, what it asks, what it answers."""
    with reading() as session:
        row = session.get(RadioEpisode, number) or abort(404)
        allowed = scope(session)
        shown = _line(session, row, _theme_names(session), allowed)
        values = {"episode": shown, "window": radio.window(session, row), "met": radio.listening(session, row, allowed)}
        values["question"] = _questions(session).get(str(row.question_id))
        if who().roles & WRITES:
            values |= {"tied": radio.questions(session, row), "waiting": radio.waiting(session, row.theme_code)}
    return render("radio/episode.html", writes=bool(who().roles & WRITES), **values)


@pages.page("/radio/emissions/<int:number>/questions", roles=WRITES, post=True)
def tie(number: int) -> Answer:
    """Put a question that was marked for the radio into this episode, or take it out."""
    inquiry = request.form.get("inquiry", type=int) or 0
    out = request.form.get("act") == "out"
    words = request.form.get("words", "").strip()[:MOST]
    here = url_for("radio.episode", number=number)
    if not out and not words:
        return done(here, _("Écrivez d'abord ce que la station peut lire."))
    with writing() as session:
        row = session.get(RadioEpisode, number) or abort(404)
        moved = radio.untie(session, row, inquiry) if out else radio.tie(session, row, inquiry, words)
        if moved:
            act = "untie_question" if out else "tie_question"
            audit.record(session, now(session), act, "inquiry", inquiry, staff_id=who().id, episode=number)
    if not moved:
        return done(here, _("Cette question n'attend plus. Une autre émission l'a peut-être prise."))
    return done(here, _("Question retirée de l'émission.") if out else _("Question ajoutée à l'émission."))


@pages.page("/radio/feuille", roles=SHEETS)
def sheet() -> Answer:
    """The monthly sheet of one station, to print."""
    with reading() as session:
        month = month_asked(now(session).date())
        where = session.get(RadioStation, request.args.get("station", 0, type=int)) or abort(404)
        shown = _episodes(session, month, None, where.id)[::-1]
        asked = _questions(session)
        answers = {one.row.id: radio.questions(session, one.row) for one in shown}
        coming = _episodes(session, after(month), None, where.id)[::-1]
    values = {"station": where, "month": month, "episodes": shown, "questions": asked, "answers": answers, "coming": coming}
    return render("radio/sheet.html", few=small, **values)


def _episodes(session: Session, month: date, allowed: frozenset[int] | None, station_id: int | None = None) -> list[Episode]:
    since, until = (datetime.combine(day, time(), UTC) for day in (month, after(month)))
    themes = _theme_names(session)
    return [_line(session, row, themes, allowed) for row in radio.episodes(session, since, until, station_id)]


def _line(session: Session, row: RadioEpisode, themes: Mapping[str, str], allowed: frozenset[int] | None) -> Episode:
    name = session.get_one(RadioStation, row.station_id).name
    return Episode(row, name, themes.get(str(row.theme_code), ""), radio.audience(session, row, allowed))


def _theme_names(session: Session) -> dict[str, str]:
    return {str(code): name for code, name in themes(session).items()}


def _questions(session: Session) -> dict[str, str]:
    rows = session.query(Question.id, Content.title).join(Content, Content.id == Question.content_id).order_by(Question.id)
    return {str(number): title for number, title in rows}


def _areas(session: Session) -> dict[str, str]:
    return {str(row.id): row.name for row in session.query(Area).order_by(Area.name)}
