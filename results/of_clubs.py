"""Indicators of sessions and of what clubs learned, decided and did, from the current valid reports."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from campaigns.quarter_themes import themes_of
from clubs import spot_checks
from clubs.models import Club, Sex, Village
from clubs.month import first_of, quarter, quarter_after
from clubs.records import Action, Report, ReportState, SpotCheck
from results.figure import Figure, Maker, mean, share, total
from results.scope import Scope

QUIZ_VOTERS_AT_LEAST = 10
PLANTS = 2  # the type of action whose quantity is plants


def valid_reports(scope: Scope, *kinds: str) -> Select[Report]:
    """The current valid reports of some kinds, by session day."""
    here = select(Report).join(Club, Club.id == Report.club_id).join(Village, Village.id == Club.village_id)
    return here.where(
        Report.kind.in_(kinds),
        Report.state == ReportState.VALID,
        Report.session_date.between(scope.since, scope.until),
        scope.club(),
    )


def _of(session: Session, scope: Scope, kind: str) -> list[Any]:
    return list(session.execute(valid_reports(scope, kind).with_only_columns(Report.club_id, Report.session_date, Report.values)))


def _sum(rows: list[Any], *names: str) -> int:
    return sum(row.values.get(name) or 0 for row in rows for name in names)


def _sessions(session: Session, scope: Scope) -> Iterator[Figure]:
    rows = _of(session, scope, "CR")
    women, men = _sum(rows, "women"), _sum(rows, "men")
    present = women + men
    whole = (("present", present),)
    yield total("sessions", "Séances tenues", "comptes rendus CR valides", len(rows), people=False)
    formula = "somme des femmes et des hommes présents (présences, pas personnes)"
    yield total("attendances", "Présences", formula, present, totals=whole)
    formula = "présences / séances tenues"
    yield mean("attendance_mean", "Présence moyenne", formula, present, len(rows), people=False, totals=whole)
    totals = (*whole, ("women", women), ("men", men))
    yield share("women", "Part des femmes", "somme F / somme (F + H)", women, present, totals=totals)
    told = [row for row in rows if row.values.get("youth") is not None]
    youth, among = _sum(told, "youth"), _sum(told, "women", "men")
    formula = "somme J / somme (F + H), là où J est connu"
    yield share("youth", "Part des jeunes", formula, youth, among, totals=(("youth", youth), ("youth:among", among)))
    told = [row for row in rows if row.values.get("mothers") is not None]
    mothers, formula = _sum(told, "mothers"), "somme M / séances où M est connu"
    yield mean("mothers", "Mères par séance", formula, mothers, len(told), people=False, totals=(("mothers", mothers),))
    told = [row for row in rows if row.values.get("radio") is not None]
    heard = sum(1 for row in told if row.values["radio"])
    formula = "séances avec la radio écoutée / séances où elle est connue"
    yield share("radio", "Radio écoutée", formula, heard, len(told), people=False)


def _clubs(session: Session, scope: Scope) -> Iterator[Figure]:
    clubs = session.scalars(select(Club).join(Village).where(Club.active, scope.club())).all()
    rows: list[Any] = list(
        session.execute(valid_reports(scope, "CR").with_only_columns(Report.club_id, Report.session_date, Report.values))
    )
    active = {row.club_id for row in rows}
    formula = "clubs ayant tenu au moins une séance / clubs inscrits"
    yield share("active_clubs", "Clubs actifs", formula, len(active), len(clubs), people=False)
    women = sum(club.declared_women or 0 for club in clubs) if scope.sex is not Sex.MAN else 0
    men = sum(club.declared_men or 0 for club in clubs) if scope.sex is not Sex.WOMAN else 0
    formula = "somme des femmes et des hommes déclarés par les clubs"
    yield total("declared", "Membres déclarés", formula, women + men)
    planned = {(first, code) for first in _quarters(scope) for code in themes_of(session, first)}
    done = {(row.club_id, quarter(row.session_date), theme) for row in rows for theme in themes(row.values)}
    covered = sum(1 for _club, first, theme in done if (first, theme) in planned)
    formula = "couples club et thème réalisés / (clubs actifs x thèmes prévus du trimestre)"
    yield share("theme_coverage", "Thèmes prévus traités", formula, covered, len(active) * len(planned), people=False)


def _quarters(scope: Scope) -> Iterator[date]:
    first = quarter(scope.since)
    while first <= scope.until:
        yield first
        first = quarter_after(first)


def themes(values: dict[str, Any]) -> set[int]:
    """Every theme of a session: a report may name two."""
    return {code for code in (values.get("theme"), *(values.get("more_themes") or ())) if code is not None}


def _events(session: Session, scope: Scope) -> Iterator[Figure]:
    rows = _of(session, scope, "EV")
    yield total("events", "Événements", "comptes rendus EV valides", len(rows), people=False)
    women, men = _sum(rows, "women"), _sum(rows, "men")
    totals = (("event:present", women + men), ("event:women", women), ("event:men", men))
    formula = "somme des femmes présentes aux événements"
    yield total("event_women", "Femmes aux événements", formula, women, totals=totals[1:2])
    formula = "somme des hommes présents aux événements"
    yield total("event_men", "Hommes aux événements", formula, men, totals=totals[2:])
    formula = "somme des villages venus aux événements"
    yield total("event_villages", "Villages aux événements", formula, _sum(rows, "villages"), people=False)
    rows = _of(session, scope, "DC")
    yield total("demonstrations", "Démonstrations culinaires", "comptes rendus DC valides", len(rows), people=False)


def _quiz(session: Session, scope: Scope) -> Iterator[Figure]:
    rows = _of(session, scope, "QZ")
    before, after, voters = (_sum(rows, name) for name in ("before", "after", "voters"))
    value = round(100 * (after - before) / voters, 1) if voters >= QUIZ_VOTERS_AT_LEAST else None
    formula = "100 x (somme après - somme avant) / somme des votants ; caché sous 10 votants"
    totals = (("voters", voters), ("gain", after - before))
    made = Figure(
        "quiz_gain", "Gain au quiz des séances", formula, value, "points", after - before, voters, voters, totals=totals
    )
    yield made if value is not None or not voters else made.away()


def _actions(session: Session, scope: Scope) -> Iterator[Figure]:
    due = select(Action).join(Club, Club.id == Action.club_id).join(Village).where(Action.cancelled.is_(False), scope.club())
    rows = session.scalars(due.where(Action.due_on.between(scope.since, scope.until))).all()
    done = sum(1 for row in rows if row.done_on is not None)
    formula = "actions faites / actions arrivées à échéance"
    yield share("actions", "Actions réalisées", formula, done, len(rows), people=False)
    grown = session.scalars(due.where(Action.type == PLANTS, Action.done_on.between(scope.since, scope.until))).all()
    formula = "somme des quantités déclarées par FAIT pour des plants de feuilles"
    yield total("plants", "Plants (déclarés)", formula, sum(row.quantity or 0 for row in grown), people=False)


def _verified(session: Session, scope: Scope) -> Iterator[Figure]:
    """As the page of the month's checks counts: sessions drawn at random, beside the report that stands."""
    months = SpotCheck.month.between(first_of(scope.since), first_of(scope.until))
    found = spot_checks.drawn(session, months, scope.club())
    told = spot_checks.factor(one for one in found if one.day is not None and scope.since <= one.day <= scope.until)
    formula = "somme (F + H) vus par la supervision / somme (F + H) des mêmes comptes rendus"
    value = None if told.value is None else round(told.value, 2)
    yield Figure(
        "verification", "Facteur de vérification", formula, value, "", told.seen, told.reported, told.sessions, people=False
    )


MAKERS: tuple[Maker, ...] = (_sessions, _clubs, _events, _quiz, _actions, _verified)
