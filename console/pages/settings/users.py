"""Users: who may enter, with which roles and villages. The last administrator can be neither disabled nor stripped."""

from typing import Any

from flask import abort, session, url_for

from campaigns import recorders
from clubs.models import Village
from console.access import Answer, Pages, R, who
from console.credentials import add_staff, link_address, make_link
from console.edge import now, reading, wall_time, writing
from console.forms import Typed, done, render
from console.pages.account import RECORDS
from console.roles import WORDS
from console.sign_in import end_sessions
from console.staff import Role, RoleName, Staff, give_roles, give_villages, village_ids
from console.words import _
from runtime import audit
from runtime.database import Session

pages = Pages("users")
ADMIN = {R.ADMINISTRATION}


@pages.page("/reglages/utilisateurs", roles=ADMIN)
def index() -> Answer:
    """Every user, and the sign-in link that was just made."""
    with reading() as transaction:
        rows = transaction.query(Staff).order_by(Staff.active.desc(), Staff.username).all()
    return render("settings/users.html", users=rows, link=session.pop("fresh_link", None))


@pages.page("/reglages/utilisateurs/nouveau", roles=ADMIN, form=True)
def new() -> Answer:
    """Add a user; they come in by a link first."""
    form = Typed.sent_or()
    if form.sent:
        username = form.text("username", needed=_("Donnez un nom d'utilisateur."), most=64)
        if len(username.split()) > 1:
            form.wrong("username", _("Ce nom a un espace. Écrivez-le en un mot, par exemple : fanta."))
        name, roles, villages = _read(form)
        if not form.errors:
            try:
                with writing() as transaction:
                    staff = add_staff(transaction, username, name, roles, wall_time())
                    give_villages(transaction, staff.id, villages)
                    token = make_link(transaction, staff, wall_time())
                    _note(transaction, "add_user", staff.id, roles)
                session["fresh_link"] = {"name": name, "address": link_address(token)}
                return done(url_for("users.index"), _("Utilisateur ajouté. Donnez-lui son lien de connexion."))
            except ValueError:
                form.wrong("username", _("Ce nom est déjà pris. Prenez-en un autre."))
    return _form(form, None), 422 if form.errors else 200


@pages.page("/reglages/utilisateurs/<int:number>", roles=ADMIN, form=True)
def edit(number: int) -> Answer:
    """Name, roles and villages of a user."""
    with reading() as transaction:
        staff = transaction.get(Staff, number) or abort(404)
        stands = {
            "name": staff.display_name,
            "roles": [role.name for role in staff.roles],
            "villages": list(village_ids(transaction, number)),
        }
    form = Typed.sent_or(stands)
    if form.sent:
        name, roles, villages = _read(form)
        if not form.errors:
            with writing() as transaction:
                row = transaction.get_one(Staff, number)
                if R.ADMINISTRATION not in roles and _last_administrator(transaction, number):
                    form.wrong("roles", _("C'est la dernière personne de l'administration. Nommez-en d'abord une autre."))
                else:
                    row.display_name = name
                    give_roles(transaction, row, roles)
                    give_villages(transaction, number, villages)
                    if not roles & RECORDS:
                        _no_recorder(transaction, number)
                    _note(transaction, "change_user", number, roles)
        if not form.errors:
            return done(url_for("users.index"), _("Utilisateur enregistré."))
    return _form(form, staff), 422 if form.errors else 200


@pages.page("/reglages/utilisateurs/<int:number>/acces", roles=ADMIN, post=True)
def switch(number: int) -> Answer:
    """Disable a user, whose sessions end at once, or let them in again."""
    last = False
    with writing() as transaction:
        staff = transaction.get(Staff, number) or abort(404)
        last = staff.active and _last_administrator(transaction, number)
        if not last:
            staff.active = not staff.active
            if not staff.active:
                end_sessions(transaction, number, wall_time())
                _no_recorder(transaction, number)
            _note(transaction, "enable_user" if staff.active else "disable_user", number, set())
        on, name = staff.active, staff.display_name
    if last:
        return done(url_for("users.index"), _("C'est la dernière personne de l'administration. Nommez-en d'abord une autre."))
    said = _("%(name)s peut entrer de nouveau.", name=name) if on else _("%(name)s ne peut plus entrer.", name=name)
    return done(url_for("users.index"), said)


@pages.page("/reglages/utilisateurs/<int:number>/lien", roles=ADMIN, post=True)
def link(number: int) -> Answer:
    """A sign-in link for a forgotten password; shown once."""
    with writing() as transaction:
        staff = transaction.get(Staff, number) or abort(404)
        token = make_link(transaction, staff, wall_time())
        name = staff.display_name
        _note(transaction, "make_link", number, set())
    session["fresh_link"] = {"name": name, "address": link_address(token)}
    return done(url_for("users.index"), _("Lien prêt. Il sert une fois, pendant 24 heures."))


def _read(form: Typed) -> tuple[str, set[RoleName], frozenset[int]]:
    name = form.text("name", needed=_("Donnez le nom de la personne."), most=80)
    roles = {RoleName(value) for value in form.many("roles") if value in set(RoleName)}
    if not roles:
        form.wrong("roles", _("Cochez au moins un rôle."))
    villages = frozenset(int(value) for value in form.many("villages") if value.isascii() and value.isdigit())
    return name, roles, villages


def _form(form: Typed, staff: Staff | None) -> str:
    with reading() as transaction:
        villages = [(row.id, row.name) for row in transaction.query(Village).order_by(Village.code)]
    words: list[tuple[str, Any]] = [(role.value, f"{said[0]} – {said[1]}") for role, said in WORDS.items()]
    return render("settings/user.html", form=form, staff=staff, roles=words, villages=villages)


def _last_administrator(transaction: Session, number: int) -> bool:
    active = transaction.query(Staff.id).join(Staff.roles).filter(Role.name == R.ADMINISTRATION, Staff.active)
    return {id_ for (id_,) in active} == {number}


def _no_recorder(transaction: Session, number: int) -> None:
    """Whoever may not enter here records no prompts by telephone either."""
    if recorders.forget(transaction, number):
        _note(transaction, "forget_recorder", number, set())


def _note(transaction: Session, act: str, number: int, roles: set[RoleName]) -> None:
    given = " ".join(sorted(roles)) or None
    audit.record(transaction, now(transaction), act, "staff", number, staff_id=who().id, roles=given)
