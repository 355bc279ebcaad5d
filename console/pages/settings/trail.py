"""The audit list: who did what, newest first. Entries name rows by kind and id, so nothing here identifies a villager."""

from flask import request

from console.access import Answer, Pages, R
from console.edge import reading
from console.forms import Page, Typed, render
from console.staff import Staff
from console.words import lazy
from runtime.audit import AuditEntry

pages = Pages("trail")

WORDS = {
    "signed_in": lazy("s'est connecté(e)"),
    "password_set": lazy("a changé son mot de passe"),
    "stop_all": lazy("a tout arrêté"),
    "start_again": lazy("a repris les envois"),
    "cancel_broadcast": lazy("a annulé un envoi"),
    "number_shown": lazy("a affiché un numéro"),
    "add_channel": lazy("a ajouté un canal"),
    "change_channel": lazy("a changé un canal"),
    "pause_channel": lazy("a mis un canal en pause"),
    "resume_channel": lazy("a relancé un canal"),
    "rotate_token": lazy("a changé les adresses d'un canal"),
    "test_channel": lazy("a essayé un canal"),
    "add_user": lazy("a ajouté un utilisateur"),
    "change_user": lazy("a changé un utilisateur"),
    "enable_user": lazy("a rouvert un accès"),
    "disable_user": lazy("a fermé un accès"),
    "make_link": lazy("a fait un lien de connexion"),
    "switch_language": lazy("a mis une langue en service ou hors service"),
}


@pages.page("/reglages/journal", roles={R.ADMINISTRATION})
def index() -> Answer:
    """The list, by person if asked."""
    asked = request.args.get("staff", type=int)
    with reading() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.id.desc())
        if asked is not None:
            entries = entries.filter_by(staff_id=asked)
        page = Page.asked(entries.count())
        rows = entries.offset(page.offset).limit(page.size).all()
        names = {staff.id: staff.display_name for staff in session.query(Staff).order_by(Staff.display_name)}
    form = Typed({"staff": asked})
    return render("settings/trail.html", rows=rows, page=page, names=names, words=WORDS, form=form)
