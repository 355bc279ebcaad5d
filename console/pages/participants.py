"""Une personne: her place in a life-stage series, begun with an agreement on paper or asked of her telephone, and ended at once.

Nothing here says why a series began or ended; only the month of a birth, or of one expected, is kept.
"""

import re
from datetime import date
from typing import Any

from flask import abort, request, url_for

from campaigns import places
from campaigns.errors import CampaignError
from campaigns.models import Campaign, Enrolment, EnrolmentState
from campaigns.places import Given, Paper
from clubs import search, strangers
from clubs.models import AgeBand, Club, LifeStage, Member, Preferred, Sex, Village
from clubs.people import club_by_code
from console import campaign_words, club_words
from console.access import Answer, Pages, R, scope, who
from console.audience_words import PREFERRED
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from messaging.models import Contact
from runtime import audit
from runtime.database import Session
from runtime.installation import Installation

pages = Pages("participants")
READS = {R.COMMUNICATION, R.TERRAIN, R.ADMINISTRATION}
ACTS = {R.COMMUNICATION, R.TERRAIN}
PAPER, ASK = "paper", "ask"
SEXES = [(sex, club_words.SEXES[sex]) for sex in Sex]
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])|(0?[1-9]|1[0-2])/(20\d\d)")


@pages.page("/contacts/participants/<int:number>", roles=READS)
def show(number: int) -> Answer:
    """One member."""
    return _page(number, Typed({"agreement": PAPER}))


def _page(number: int, form: Typed, about: Typed | None = None) -> Answer:
    with reading() as session:
        member = _member(session, number)
        club = session.get(Club, member.club_id) if member.club_id is not None else None
        values: dict[str, Any] = {
            "member": member,
            "club": club,
            "village": session.get(Village, club.village_id) if club else None,
        }
        values["contact"] = session.get(Contact, member.contact_id) if member.contact_id is not None else None
        values["places"] = places.of(session, number)
        taken = {place.row.campaign_id for place in values["places"] if place.row.state is not EnrolmentState.ENDED}
        values["offered"] = [(one.id, one.name) for one in places.on_offer(session) if one.id not in taken]
        values["taken"] = bool(taken)
        values["agreed"] = places.agreed(session, member)
        installed = session.get(Installation, 1)
        values["on"] = installed is not None and installed.series
    named = ("name", "sex", "age_band", "life_stage", "preferred")
    about = about or Typed({name: getattr(member, name) for name in named})
    values |= {"stages": club_words.LIFE_STAGES, "preferred": PREFERRED, "club_words": club_words, "words": campaign_words}
    values |= {"sexes": SEXES, "ages": club_words.AGES, "ended": EnrolmentState.ENDED, "acts": who().may(*ACTS)}
    page = render("participants/show.html", form=form, about=about, **values)
    return page, 422 if form.errors or about.errors else 200


def _member(session: Session, number: int) -> Member:
    """The member, still here and in one's own villages; 404."""
    member = session.get(Member, number)
    if member is None or member.left_at is not None:
        abort(404)
    allowed = scope(session)
    if allowed is not None:
        club = session.get(Club, member.club_id) if member.club_id is not None else None
        if club is None or club.village_id not in allowed:
            abort(404)
    return member


@pages.page("/contacts/participants/<int:number>/serie", roles=ACTS, post=True)
def enrol(number: int) -> Answer:
    """Give her a place in a series."""
    form = Typed.sent_or()
    with reading() as session:
        _member(session, number)
        offered = {str(one.id) for one in places.on_offer(session)}
        today = now(session).date()
    series = form.one_of("series", offered, needed=_("Choisissez une série."))
    anchor = _month(form)
    paper = _paper(form, today) if form.one_of("agreement", (PAPER, ASK)) == PAPER else None
    if form.errors or anchor is None:
        return _page(number, form)
    try:
        with writing() as session:
            at = now(session)
            campaign, member = session.get_one(Campaign, int(series)), _member(session, number)
            given = places.give(session, exchange(), campaign, member, anchor, paper, at)
            audit.record(session, at, "enrol_member", "member", number, staff_id=who().id, on_paper=paper is not None)
    except CampaignError as error:
        form.wrong(FIELDS.get(error.code, ""), _refusal(error.code))
        return _page(number, form)
    return done(url_for("participants.show", number=number), _said(given))


def _month(form: Typed) -> date | None:
    written = form.text("month", needed=_("Écrivez le mois de la naissance, ou celui qui est attendu."))
    found = _MONTH.fullmatch(written)
    if found is None:
        form.wrong("month", _("Ce mois n'est pas lisible. Écrivez par exemple 03/2026."))
        return None
    return date(int(found[1] or found[4]), int(found[2] or found[3]), 1)


def _paper(form: Typed, today: date) -> Paper | None:
    given_on = form.day("given_on", needed=_("Écrivez la date de l'accord."))
    if given_on is not None and given_on > today:
        form.wrong("given_on", _("Cette date est à venir. Écrivez le jour où la personne a signé."))
    witness = form.text("witness", needed=_("Écrivez le nom du témoin."), most=80)
    page = form.text("page", most=24)
    return Paper(given_on, witness, page) if given_on is not None and witness else None


FIELDS = {"month": "month", "no_push_consent": "agreement", "already_there": "series", "not_open": "series"}


def _refusal(code: str) -> str:
    words = {
        "month": _("Ce mois est trop loin : la série va de neuf mois avant la naissance à trois ans après."),
        "already_there": _("Cette personne suit déjà cette série. Terminez d'abord sa place."),
        "no_phone": _("Cette personne n'a pas de téléphone qui puisse recevoir la série."),
        "stopped": _("Ce numéro a dit STOP. Lui seul peut revenir, en envoyant OUI."),
        "no_push_consent": _(
            "Ce numéro n'a pas accepté de messages : on ne peut pas lui demander par SMS. Faites signer le registre."
        ),
        "not_open": _("Cette série n'est plus en cours. Choisissez-en une autre."),
    }
    return words.get(code) or campaign_words.refusal(code)


def _said(given: Given) -> str:
    return {
        Given.BEGUN: _("Inscription faite. La série commence à sa prochaine étape."),
        Given.ASKED: _("La demande part par SMS. La série commence si la personne répond OUI."),
        Given.WAITS: _("Aucun SMS ne peut partir. L'accord sera demandé quand ce téléphone appellera."),
    }[given]


@pages.page("/contacts/participants/<int:number>/serie/<int:place>/terminer", roles=ACTS, post=True)
def end(number: int, place: int) -> Answer:
    """End a place at once, asking nobody why."""
    with writing() as session:
        _member(session, number)
        row = session.get(Enrolment, place)
        if row is None or row.member_id != number:
            abort(404)
        ended = places.finish(session, row, now(session))
        if ended:
            audit.record(session, now(session), "end_enrolment", "member", number, staff_id=who().id)
    said = _("Série terminée. Plus rien n'en part.") if ended else _("Cette place était déjà terminée.")
    return done(url_for("participants.show", number=number), said)


@pages.page("/contacts/participants/<int:number>/corriger", roles=ACTS, post=True)
def correct(number: int) -> Answer:
    """Note who the person is, as she said it: whoever a facilitator announced by SMS has neither name nor sex here."""
    form = Typed.sent_or()
    name, sex, age = _who(form)
    stage = form.one_of("life_stage", [one.value for one in LifeStage])
    preferred = form.kind("preferred", Preferred, Preferred.SMS)
    if form.errors:
        return _page(number, Typed({"agreement": PAPER}), form)
    with writing() as session:
        member = _member(session, number)
        member.name, member.sex, member.age_band = name or None, sex, age
        member.life_stage, member.preferred = stage or None, preferred
        audit.record(session, now(session), "correct_member", "member", number, staff_id=who().id)
    return done(url_for("participants.show", number=number), _("Enregistré."))


def _who(form: Typed) -> tuple[str, Sex | None, AgeBand | None]:
    """Name, sex and age as a form says them."""
    sex, age = form.one_of("sex", list(Sex)), form.one_of("age_band", list(AgeBand))
    return form.text("name", most=80), Sex(sex) if sex else None, AgeBand(age) if age else None


@pages.page("/contacts/<int:number>/inscrire", roles={R.COMMUNICATION}, form=True)
def join(number: int) -> Answer:
    """Make a member of the number: a stranger who agreed and named a club, or one more person behind a shared phone."""
    form = Typed.sent_or({"club": request.args.get("club", "")})
    with reading() as session:
        contact = search.visible(session, number, scope(session)) or abort(404)
        club = club_by_code(session, form.value("club").strip())
    name, sex, age = _who(form)
    if contact.number is None:
        abort(404)
    if form.sent and (club is None or not club.active):
        form.wrong("club", _("Le club %(code)s n'existe pas. Vérifiez ses quatre chiffres.", code=form.value("club")))
    if form.sent and sex is None:
        form.wrong("sex", _("Dites si c'est une femme ou un homme."))
    if form.sent and club is not None and sex is not None and not form.errors:
        with writing() as session:
            at = now(session)
            made = strangers.enrol(session, session.get_one(Contact, number), club, name, sex, age, at).id
            audit.record(session, at, "add_member", "member", made, staff_id=who().id)
        return done(url_for("participants.show", number=made), _("Personne inscrite. Ses accords restent ceux du numéro."))
    page = render("participants/join.html", form=form, contact=contact, sexes=SEXES, ages=club_words.AGES)
    return page, 422 if form.errors else 200
