"""Import: a file of members, step by step; nothing is written before a person has seen every bad row and confirmed the rest.

For a day an import can be taken back: what it made and nobody has used since goes.
"""

from flask import Response, abort, url_for
from markupsafe import Markup

from clubs import import_undo, imports
from clubs.models import MemberImport
from clubs.rows import HEADINGS
from clubs.sheets import SheetError
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.sheet_steps import Steps
from console.uploads import Upload
from console.words import _, lazy, ngettext

pages = Pages("imports")
ROLES = {R.COMMUNICATION}
TOO_LATE = lazy("Cet import ne peut plus être annulé : rien n'a changé.")
STEPS = Steps("imports", HEADINGS, imports.check, "modele-membres.csv")


@pages.page("/contacts/import", roles=ROLES, form=True)
def index() -> Answer:
    """Step 1: the file; below it the imports of the last day, each with its way back."""
    with reading() as session:
        recent = import_undo.recent(session, now(session))
    return STEPS.take("imports/index.html", recent=recent)


@pages.page("/contacts/import/modele.csv", roles=ROLES)
def model() -> Response:
    """An empty sheet with every heading."""
    return STEPS.empty_sheet()


@pages.page("/contacts/import/<int:number>/annuler", roles=ROLES, form=True)
def undo(number: int) -> Answer:
    """Take an import back, once somebody has read what goes."""
    if not Typed.sent_or().sent:
        with reading() as session:
            made = session.get(MemberImport, number) or abort(404)
            if made not in import_undo.recent(session, now(session)) or made.undone_at is not None:
                return done(url_for("imports.index"), str(TOO_LATE))
            return render("imports/undo.html", made=made)
    try:
        with writing() as session:
            made = session.get(MemberImport, number) or abort(404)
            gone = import_undo.undo(session, made, now(session), who().id)
    except import_undo.NotUndone:
        return done(url_for("imports.index"), str(TOO_LATE))
    said = ngettext("%(num)s membre retiré", "%(num)s membres retirés", gone.members)
    numbers = ngettext("%(num)s numéro", "%(num)s numéros", gone.contacts)
    said = _("Import annulé : %(said)s, %(numbers)s.", said=said, numbers=numbers)
    if gone.kept:
        kept = ngettext(
            "%(num)s membre reste : il a servi depuis (message, appel, série, rapport ou correction).",
            "%(num)s membres restent : ils ont servi depuis (message, appel, série, rapport ou correction).",
            gone.kept,
        )
        said = f"{said} {kept}"
    return done(url_for("imports.index"), said)


@pages.page("/contacts/import/<token>", roles=ROLES)
def columns(token: str) -> Answer:
    """Step 2: how the file was read, its columns and first rows."""
    return STEPS.columns(token)


@pages.page("/contacts/import/<token>/lignes", roles=ROLES, form=True)
def rows(token: str) -> Answer:
    """Step 3: the bad rows under their own numbers; sending the form imports the good ones."""
    upload = STEPS.upload(token)
    return STEPS.rows(token, upload, Typed.sent_or(), "imports/rows.html", _carry_out, "contacts.index")


def _carry_out(form: Typed, upload: Upload, encoding: str | None) -> str | None:
    """Import what was shown; None with the reason on the form when it is not that any more."""
    shown = form.whole("ready", needed=_("Relisez cette page avant d'importer."))
    try:
        with writing() as session:
            plan = STEPS.plan(session, upload, encoding)
            if len(plan.ready) != shown or not plan.ready:
                form.wrong("", _("Les membres ont changé pendant ce temps. Relisez, puis importez."))
            if form.errors:
                return None
            result = imports.carry_out(session, plan, now(session), who().id)
    except SheetError as error:
        form.wrong("", str(error))
        return None
    said = _(
        "%(said)s : %(numbers)s, %(consents)s. Vous pouvez annuler cet import pendant 24 heures :",
        said=ngettext("%(num)s membre importé", "%(num)s membres importés", result.members),
        numbers=ngettext("%(num)s numéro", "%(num)s numéros", result.contacts),
        consents=ngettext("%(num)s accord", "%(num)s accords", result.consents),
    )
    return Markup('{} <a href="{}">{}</a>').format(said, url_for("imports.undo", number=result.id), _("Annuler cet import"))
