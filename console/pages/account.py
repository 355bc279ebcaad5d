"""« Mon compte »: password, second factor, and the browsers where one is signed in."""

from flask import session, url_for
from flask_security import verify_password

from campaigns import recorders
from campaigns.errors import CampaignError
from campaigns.models import Dictation, Recorder
from console.access import EVERYONE, Answer, Pages, R, who
from console.credentials import PASSWORD_LEAST, set_password, weak
from console.edge import now, reading, wall_time, writing
from console.forms import Typed, done, render
from console.sign_in import alive, end_sessions
from console.staff import Staff, StaffSession
from console.words import _
from runtime import audit
from runtime.crypto import blind
from runtime.database import Session

pages = Pages("account")
RECORDS = {R.COMMUNICATION, R.LANGUE}


@pages.page("/compte", roles=EVERYONE)
def index() -> Answer:
    """What I may change about my own account."""
    return _page(Typed())


@pages.page("/compte/mot-de-passe", roles=EVERYONE, post=True)
def password() -> Answer:
    """Set a new password; the old one is asked for, unless a sign-in link brought the person here."""
    form = Typed.sent_or()
    with writing() as transaction:
        staff = transaction.get_one(Staff, who().id)
        new = form.value("new_password")
        needs_old = staff.password is not None and not session.get("by_link")
        if needs_old and not verify_password(form.value("old_password"), str(staff.password)):
            form.wrong("old_password", _("Ce n'est pas votre mot de passe actuel. Vérifiez-le."))
        reason = weak(new, staff.username)
        if reason:
            form.wrong("new_password", reason)
        if not form.errors:
            set_password(transaction, staff, new, wall_time())
            end_sessions(transaction, staff.id, wall_time(), but=session.get("sid"))
    if form.errors:
        return _page(form), 422
    session.pop("by_link", None)
    return done(url_for("account.index"), _("Mot de passe changé. Vos autres sessions sont fermées."))


@pages.page("/compte/session/<int:number>/fermer", roles=EVERYONE, post=True)
def end(number: int) -> Answer:
    """Close one of my sessions, perhaps on a telephone that was lost."""
    with writing() as transaction:
        rows = transaction.query(StaffSession).filter_by(id=number, staff_id=who().id, ended_at=None)
        rows.update({"ended_at": wall_time()})
    return done(url_for("account.index"), _("Session fermée."))


@pages.page("/compte/telephone", roles=RECORDS, post=True)
def phone() -> Answer:
    """Choose the phone and the PIN with which I record prompts by calling in, or give them up."""
    form = Typed.sent_or()
    if form.value("act") == "forget":
        with writing() as transaction:
            if recorders.forget(transaction, who().id):
                audit.record(transaction, now(transaction), "forget_recorder", "staff", who().id, staff_id=who().id)
        return done(url_for("account.index"), _("Ce téléphone n'enregistre plus d'annonces."))
    try:
        with writing() as transaction:
            recorders.register(transaction, who().id, form.text("phone"), form.value("pin"), now(transaction))
            audit.record(transaction, now(transaction), "set_recorder", "staff", who().id, staff_id=who().id)
    except CampaignError as error:
        if error.code == "number":
            form.wrong("phone", _("Écrivez un numéro mobile du Mali, 8 chiffres."))
        elif error.code == "villager":
            form.wrong("phone", _("Ce téléphone ne peut pas servir ici. Donnez le vôtre."))
        else:
            form.wrong("pin", _("Choisissez quatre chiffres, pas tous pareils et pas 1234."))
        return _page(form), 422
    return done(url_for("account.index"), _("Téléphone et code enregistrés. Faites un bip à la ligne, puis tapez le code."))


def _page(form: Typed) -> str:
    with reading() as transaction:
        staff = transaction.get_one(Staff, who().id)
        values = {
            "staff": staff,
            "sessions": _open_sessions(transaction, staff.id),
            "needs_old": staff.password is not None and not session.get("by_link"),
            "required": staff.check_tf_required_setup(),
            "records": bool(who().roles & RECORDS),
            "recorder": transaction.get(Recorder, staff.id),
            "dictations": transaction.query(Dictation).filter_by(staff_id=staff.id).order_by(Dictation.id.desc()).limit(5).all(),
        }
    this = blind(session.get("sid", ""))
    return render("account/index.html", form=form, this=this, least=PASSWORD_LEAST, wall=wall_time(), **values)


def _open_sessions(transaction: Session, staff_id: int) -> list[StaffSession]:
    rows = transaction.query(StaffSession).filter_by(staff_id=staff_id, ended_at=None).order_by(StaffSession.seen_at.desc())
    return [row for row in rows if alive(row, wall_time())]
