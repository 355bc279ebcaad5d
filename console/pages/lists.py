"""Lists from a file: numbers and club codes already known here, read by the same steps as members; made once, never changed."""

from pathlib import PurePath

from flask import Response

from campaigns import lists, saved
from campaigns.errors import CampaignError
from clubs.sheets import SheetError
from console import campaign_words
from console.access import Answer, Pages, R, who
from console.edge import now, writing
from console.forms import Typed
from console.sheet_steps import Steps
from console.uploads import Upload
from console.words import _, ngettext
from runtime import audit

pages = Pages("lists")
ROLES = {R.COMMUNICATION}
STEPS = Steps("lists", lists.HEADINGS, lists.check, "modele-liste.csv")


@pages.page("/campagnes/publics/listes/nouvelle", roles=ROLES, form=True)
def index() -> Answer:
    """Step 1: the file."""
    return STEPS.take("audiences/list_file.html")


@pages.page("/campagnes/publics/listes/modele.csv", roles=ROLES)
def model() -> Response:
    """An empty sheet with both headings."""
    return STEPS.empty_sheet()


@pages.page("/campagnes/publics/listes/<token>", roles=ROLES)
def columns(token: str) -> Answer:
    """Step 2: how the file was read."""
    return STEPS.columns(token)


@pages.page("/campagnes/publics/listes/<token>/lignes", roles=ROLES, form=True)
def rows(token: str) -> Answer:
    """Step 3: the bad rows and those named twice; sending the form keeps the good ones under a name."""
    upload = STEPS.upload(token)
    form = Typed.sent_or({"name": PurePath(upload.name).stem[: saved.NAME]})
    return STEPS.rows(token, upload, form, "audiences/list_rows.html", _keep, "audiences.index")


def _keep(form: Typed, upload: Upload, encoding: str | None) -> str | None:
    """Keep what was shown; None with the reason on the form when it is not that any more."""
    shown = form.whole("ready", needed=_("Relisez cette page avant d'enregistrer."))
    name = form.text("name", needed=_("Donnez un nom à cette liste."), most=saved.NAME)
    try:
        with writing() as session:
            plan, at = STEPS.plan(session, upload, encoding), now(session)
            if len(plan.ready) != shown:
                form.wrong("", _("Les membres ont changé pendant ce temps. Relisez, puis enregistrez."))
            if form.errors:
                return None
            made = lists.keep(session, plan, name, who().id, at)
            audit.record(session, at, "import_list", "static_list", made.id, staff_id=who().id, rows=len(plan.ready))
    except (SheetError, CampaignError) as error:
        form.wrong("name", campaign_words.refusal(error.code) if isinstance(error, CampaignError) else str(error))
        return None
    return ngettext("Liste enregistrée : %(num)s ligne.", "Liste enregistrée : %(num)s lignes.", shown)
