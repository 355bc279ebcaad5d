"""Publics enregistrés: filters under a name, counted while they are made, taken from one another, compared by counts alone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request, url_for

from campaigns import audiences, lists, saved
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import Audience, StaticList
from console import audience_form, audience_words, campaign_words
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, draft, render
from console.words import _
from messaging.models import Route
from runtime import audit
from runtime.database import Session

pages = Pages("audiences")
WRITES = {R.COMMUNICATION}


@pages.page("/campagnes/publics", roles=WRITES)
def index() -> Answer:
    """The saved audiences and the lists from files; two of them compared, when asked."""
    with reading() as session:
        rows = [(one, audience_words.told_of(session, Filter.from_json(one.filter))) for one in saved.kept(session)]
        files, sizes = lists.kept(session), lists.sizes(session)
        form, shared = _compared(session, {str(one.id): one for one, _told in rows})
    return render("audiences/index.html", rows=rows, files=files, sizes=sizes, form=form, shared=shared)


def _compared(session: Session, known: dict[str, Audience]) -> tuple[Typed, audiences.Overlap | None]:
    """The form that asks for two audiences, and how many telephones they share."""
    form = Typed({"premier": request.args.get("premier", ""), "second": request.args.get("second", "")})
    one, other = known.get(form.value("premier")), known.get(form.value("second"))
    if one is None or other is None or one is other:
        return form, None
    today = _today(now(session))
    return form, audiences.overlap(session, Filter(saved=one.id), Filter(saved=other.id), today)


def _today(at: datetime) -> Any:
    return at.astimezone(ZoneInfo(exchange().settings.timezone)).date()


@pages.page("/campagnes/publics/nouveau", roles=WRITES, form=True)
def new() -> Answer:
    """A new audience."""
    return _audience(None)


@pages.page("/campagnes/publics/<int:number>", roles=WRITES, form=True)
def edit(number: int) -> Answer:
    """Change one: drafts that chose it follow, campaigns already scheduled keep what they were approved with."""
    with reading() as session:
        row = _kept(session, number)
    return _audience(row)


def _audience(row: Audience | None) -> Answer:
    with reading() as session:
        stored = Filter.from_json(row.filter) if row else Filter()
        known = {**audience_form.fields(session, stored), "name": row.name if row else ""}
        form = Typed.sent_or((None if row else draft("audience-new")) or known)
        wanted = audience_form.read(session, form)
        options = audience_form.options(session, wanted, row.id if row else None)
        counted = audience_form.counted(session, wanted, Route.OWN)
    if form.sent and not form.value("count"):
        name = form.text("name", needed=_("Donnez un nom à ce public."), most=saved.NAME)
        if not form.errors and _save(form, row, name, wanted):
            return done(url_for("audiences.index"), _("Public enregistré."))
    values = {"form": form, "options": options, "counted": counted, "row": row, "words": campaign_words}
    return render("audiences/edit.html", **values), 422 if form.errors else 200


def _save(form: Typed, row: Audience | None, name: str, wanted: Filter) -> bool:
    try:
        with writing() as session:
            at = now(session)
            mine = _kept(session, row.id) if row else None
            stored = saved.save(session, mine, name, wanted, who().id, at)
            audit.record(session, at, "save_audience", "audience", stored.id, staff_id=who().id)
    except CampaignError as error:
        form.wrong("name" if error.code == "name_taken" else "minus", campaign_words.refusal(error.code))
        return False
    return True


@pages.page("/campagnes/publics/compte", roles=WRITES)
def count() -> Answer:
    """The live count of what is ticked, for htmx."""
    with reading() as session:
        wanted = audience_form.read(session, Typed(dict(request.args.lists())))
        counted = audience_form.counted(session, wanted, Route.OWN)
    return render("campaigns/audience_count.html", counted=counted, words=campaign_words)


@pages.page("/campagnes/publics/<int:number>/ranger", roles=WRITES, post=True)
def put_away(number: int) -> Answer:
    """Offer an audience no more."""
    with writing() as session:
        if saved.put_away(_kept(session, number), now(session)):
            audit.record(session, now(session), "put_away_audience", "audience", number, staff_id=who().id)
    return done(url_for("audiences.index"), _("Public rangé. Les campagnes qui l'ont choisi le gardent."))


@pages.page("/campagnes/publics/listes/<int:number>/ranger", roles=WRITES, post=True)
def put_list_away(number: int) -> Answer:
    """Offer a list no more."""
    with writing() as session:
        if saved.put_away(session.get(StaticList, number) or abort(404), now(session)):
            audit.record(session, now(session), "put_away_list", "static_list", number, staff_id=who().id)
    return done(url_for("audiences.index"), _("Liste rangée. Les publics qui la nomment la gardent."))


def _kept(session: Session, number: int) -> Audience:
    return session.get(Audience, number) or abort(404)
