"""Campagnes and Fiche campagne: where every sending stands, what is happening now, and what may still be done about it.

Nobody's name or number is here: all may read, Communication and Administration act.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, abort, request, url_for

from campaigns import again, drafts, listing, schedule
from campaigns.accounts import Account, account
from campaigns.errors import CampaignError
from campaigns.estimates import begins, expected, next_departure
from campaigns.listing import Happened
from campaigns.models import Campaign, CampaignState, Occurrence
from console import audience_words, campaign_words
from console.access import EVERYONE, Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Page, done, render
from console.pages.new_campaign import CHECKS, WRITES, message_step
from console.words import _, moment, ngettext
from messaging import broadcasts, progress, waiting, windows
from messaging.errors import ForbiddenMove
from messaging.models import Broadcast, BroadcastState
from results.csv_files import csv_text
from results.small import Kept, People, hidden, kept
from results.table import Table
from runtime import audit
from runtime.database import Session
from translations.models import Content

pages = Pages("campaigns")
ACTS = {R.COMMUNICATION, R.ADMINISTRATION}
STOP_POLLING = 286
"""The status on which htmx asks no more."""
ENDED = (BroadcastState.FINISHED, BroadcastState.CANCELLED)


@pages.page("/campagnes", roles=EVERYONE)
def index() -> Answer:
    """One tab of campaigns."""
    with reading() as session:
        counts = listing.counts(session)
        totals = {key: sum(counts.get(state, 0) for state in states) for key, (_words, states) in campaign_words.TABS.items()}
        shown = request.args.get("vue", "")
        if shown not in totals:
            shown = next((key for key in ("en-cours", "programmees", "brouillons", "terminees") if totals[key]), "brouillons")
        page = Page.asked(totals[shown])
        lines = listing.lines(session, campaign_words.TABS[shown][1], now(session), exchange().settings, page.offset, page.limit)
    values = {"totals": totals, "shown": shown, "page": page, "lines": lines, "words": campaign_words}
    return render(
        "campaigns/index.html",
        acts=who().may(*ACTS),
        writes=who().may(*WRITES),
        confirms=who().may(*CHECKS),
        asked=drafts.ASKED,
        **values,
    )


@pages.page("/campagnes/nouvelle", roles=WRITES, form=True)
def new() -> Answer:
    """The first step of a new campaign; the row is made when it is sent."""
    return message_step(None)


@pages.page("/campagnes/<int:number>", roles=EVERYONE)
def show(number: int) -> Answer:
    """One campaign: its sendings, the one asked for in full."""
    with reading() as session:
        campaign = _campaign(session, number)
        happened = listing.happened(session, number)
        shown = _asked(happened)
        values: dict[str, Any] = {"campaign": campaign, "happened": happened, "shown": shown, "at": now(session)}
        waits = campaign.state is CampaignState.DRAFT and campaign.step >= drafts.ASKED
        values["confirm"] = waits and who().may(*CHECKS) and campaign.created_by != who().id
        values["content"] = session.get(Content, campaign.events[0].content_id) if campaign.events else None
        values["event"] = campaign.events[0] if campaign.events else None
        allowed = windows.in_force(session, exchange().settings)
        values["leaves"] = next_departure(allowed, exchange().settings, campaign, now(session))
        values["audience"] = audience_words.told(session, campaign)
        values["wrong"] = listing.wrong(session, campaign, now(session), exchange().settings)
        if shown is not None:
            values |= _counts(session, shown)
            values["retried"] = again.was_retried(session, number, shown.id)
    return render(
        "campaigns/show.html", words=campaign_words, acts=who().may(*ACTS), writes=who().may(*WRITES), ended=ENDED, **values
    )


@pages.page("/campagnes/<int:number>/chiffres", roles=EVERYONE)
def figures(number: int) -> Answer:
    """The counts alone, which the page asks for again and again until the sending has ended."""
    with reading() as session:
        _campaign(session, number)
        shown = _asked(listing.happened(session, number)) or abort(404)
        values = _counts(session, shown)
    page = render("campaigns/counts.html", words=campaign_words, shown=shown, **values)
    return page, STOP_POLLING if shown.state in ENDED else 200


def _asked(happened: list[Happened]) -> Broadcast | None:
    made = [one.broadcast for one in happened if one.broadcast is not None]
    wanted = request.args.get("envoi", type=int)
    return next((one for one in made if one.id == wanted), made[0] if made else None)


def _counts(session: Session, broadcast: Broadcast) -> dict[str, Any]:
    found, at = account(session, broadcast.id), now(session)
    return {
        "account": found,
        "skips": campaign_words.causes(found.skipped),
        "failures": campaign_words.causes(found.failures),
        "skipped": sum(found.skipped.values()),
        "bill": progress.bill(session, broadcast),
        "over": broadcast.state in ENDED,
        "left_parts": progress.parts_of(session, broadcast.id),
        "channels": progress.holding_up(session, broadcast.id),
        "waits": waiting.waits(session, at, broadcast.id),
        "counting": broadcast.fanned_out_at is None,
        "begins": begins(windows.in_force(session, exchange().settings), broadcast, broadcast.not_before),
        "expected": None if broadcast.fanned_out_at or broadcast.state in ENDED else expected(session, exchange(), broadcast, at),
    }


@pages.page("/campagnes/<int:number>/compte.csv", roles=EVERYONE - {R.LECTURE, R.LANGUE})
def export(number: int) -> Answer:
    """The account of every sending of a campaign, as a spreadsheet opens it."""
    with reading() as session:
        campaign = _campaign(session, number)
        made = [one.broadcast for one in reversed(listing.happened(session, number)) if one.broadcast is not None]
        rows = [row for one in made for row in _account_rows(one, account(session, one.id), progress.bill(session, one).spent)]
    columns = (_("Envoi"), _("Sort"), _("Cause"), _("Nombre"))
    text = csv_text(Table("account", "", columns, tuple(rows)))
    name = f"campagne-{campaign.id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="text/csv", headers=headers)


def _account_rows(broadcast: Broadcast, found: Account, spent: int) -> list[tuple[str, str, str, int | str]]:
    skips, failures = campaign_words.causes(found.skipped), campaign_words.causes(found.failures)
    people = [
        (_("prévus"), "", found.planned),
        (_("partis"), "", found.sent),
        (_("dont reçus"), "", found.delivered),
        *((_("écartés"), why, count) for why, count in skips),
        *((_("en échec"), why, count) for why, count in failures),
        (_("en attente"), "", found.pending),
        (_("sort inconnu"), "", found.unknown),
    ]
    names = [str(place) for place in range(len(people))]  # two causes may be said in the same words
    planned, sent, delivered, *parts = names
    told = People(tuple(names), sums=((planned, sent, *parts),), within=((delivered, sent),))
    gone = hidden({name: count for name, (_fate, _why, count) in zip(names, people, strict=True)}, told)
    lines: list[tuple[str, str, int | str]] = [
        (fate, why, kept(count) if name in gone else count) for name, (fate, why, count) in zip(names, people, strict=True)
    ]
    # The price of an SMS is known: a cost would give back the count it was paid for.
    lines.append((_("coût estimé, FCFA"), "", Kept.BESIDE if planned in gone else broadcast.estimated_cost))
    lines.append((_("coût réel, FCFA"), "", Kept.BESIDE if sent in gone else spent))
    return [(moment(broadcast.due_at), *line) for line in lines]


def _campaign(session: Session, number: int) -> Campaign:
    campaign = session.get(Campaign, number) or abort(404)
    len(campaign.events)  # read now: the page is written after the transaction
    return campaign


def _act(number: int, action: str, act: Callable[[Session, Campaign, datetime], str]) -> Answer:
    """One button of a campaign: what it did, or why nothing changed."""
    try:
        with writing() as session:
            campaign = _campaign(session, number)
            said = act(session, campaign, now(session))
            audit.record(session, now(session), action, "campaign", number, staff_id=who().id)
    except CampaignError as error:
        said = campaign_words.refusal(error.code)
    except ForbiddenMove:
        said = campaign_words.refusal("")
    return done(url_for("campaigns.show", number=number), said)


def _sending(session: Session, campaign: Campaign) -> Broadcast:
    wanted = request.form.get("sending", type=int)
    if wanted is None or listing.campaign_of(session, wanted) != campaign.id:
        abort(404)
    return session.get_one(Broadcast, wanted)


@pages.page("/campagnes/<int:number>/dupliquer", roles=WRITES, post=True)
def duplicate(number: int) -> Answer:
    """A draft like this one, without its date."""
    with writing() as session:
        copy = drafts.duplicate(session, _campaign(session, number), who().id, now(session))
        audit.record(session, now(session), "duplicate_campaign", "campaign", number, staff_id=who().id)
    return done(url_for("campaign_date.date", number=copy.id), _("Copie enregistrée. Choisissez sa date."))


@pages.page("/campagnes/<int:number>/deprogrammer", roles=ACTS, post=True)
def unschedule(number: int) -> Answer:
    """Back to a draft."""

    def act(session: Session, campaign: Campaign, _at: datetime) -> str:
        schedule.unschedule(session, campaign)
        return _("Déprogrammée : c'est de nouveau un brouillon.")

    return _act(number, "unschedule_campaign", act)


@pages.page("/campagnes/<int:number>/pause", roles=ACTS, post=True)
def pause(number: int) -> Answer:
    """Hold everything that has not left."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        schedule.pause(session, campaign, at)
        return _("En pause. Ce qui n'est pas parti attend.")

    return _act(number, "pause_campaign", act)


@pages.page("/campagnes/<int:number>/reprendre", roles=ACTS, post=True)
def resume(number: int) -> Answer:
    """Go on."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        schedule.resume(session, exchange().work, campaign, at)
        return _("La campagne reprend.")

    return _act(number, "resume_campaign", act)


@pages.page("/campagnes/<int:number>/arreter", roles=ACTS, post=True)
def stop(number: int) -> Answer:
    """End it: nothing else leaves."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        was_draft = campaign.state is CampaignState.DRAFT
        schedule.cancel(session, campaign, at)
        return _("Brouillon abandonné.") if was_draft else _("Campagne arrêtée. Plus rien ne part.")

    return _act(number, "cancel_campaign", act)


@pages.page("/campagnes/<int:number>/annuler-envoi", roles=ACTS, post=True)
def cancel(number: int) -> Answer:
    """Cancel one sending; the campaign's next ones stand."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        broadcasts.cancel(session, _sending(session, campaign), at, "staff")
        return _("Envoi annulé. Rien de plus ne part.")

    return _act(number, "cancel_broadcast", act)


@pages.page("/campagnes/<int:number>/envoyer", roles=ACTS, post=True)
def send_now(number: int) -> Answer:
    """Give up the rest of the window."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        schedule.send_now(session, exchange().work, _sending(session, campaign), at)
        return _("L'envoi commence.")

    return _act(number, "send_now", act)


@pages.page("/campagnes/<int:number>/renvoyer", roles=ACTS, post=True)
def retry(number: int) -> Answer:
    """Send once more to the failed, as a new sending."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        again.retry_failed(session, exchange(), _sending(session, campaign), who().id, at)
        return _("Un nouvel envoi part aux échecs. Vous pouvez encore l'annuler.")

    return _act(number, "retry_failed", act)


@pages.page("/campagnes/<int:number>/inconnus", roles=ACTS, post=True)
def resend(number: int) -> Answer:
    """Send those of unknown fate again."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        sent = again.resend_unknown(session, exchange(), _sending(session, campaign), who().id, at)
        return ngettext("%(num)s SMS repart.", "%(num)s SMS repartent.", sent)

    return _act(number, "resend_unknown", act)


@pages.page("/campagnes/<int:number>/envoyer-quand-meme", roles=ACTS, post=True)
def send_skipped(number: int) -> Answer:
    """Send what the clock skipped."""

    def act(session: Session, campaign: Campaign, at: datetime) -> str:
        wanted = request.form.get("occurrence", type=int) or abort(404)
        mine = {one.occurrence.id for one in listing.happened(session, campaign.id)}
        if wanted not in mine:
            abort(404)
        again.send_skipped(session, exchange(), campaign, session.get_one(Occurrence, wanted), at)
        return _("L'envoi part dans quelques minutes. Vous pouvez encore l'annuler.")

    return _act(number, "send_skipped", act)
