"""Sign-in links: a page with one button, because a message preview that fetches the address must not use the link up."""

from flask import redirect, request, session
from flask_security import login_user

from console.access import ANYBODY, Answer, Pages
from console.credentials import link_of
from console.edge import reading, wall_time, writing
from console.forms import render
from console.sign_in import staff_store, two_factor_first

pages = Pages("entrance")


@pages.page("/entrer/<token>", roles=ANYBODY, form=True, again=True)
def enter(token: str) -> Answer:
    """Show the button, then sign in once."""
    if request.method == "GET":
        with reading() as transaction:
            usable = link_of(transaction, token, wall_time()) is not None
        return render("security/link.html", usable=usable), 200 if usable else 410
    with writing() as transaction:
        link = link_of(transaction, token, wall_time())
        if link is None:
            return render("security/link.html", usable=False), 410
        link.used_at = wall_time()
        staff_id = link.staff_id
    store = staff_store()
    staff = store.of(id=staff_id)
    if staff is None or not staff.active:
        return render("security/link.html", usable=False), 410
    session["by_link"] = True
    answer: Answer | None = two_factor_first(staff)
    if answer is None:
        login_user(staff, authn_via=["link"])
        answer = redirect("/" if staff.password else "/compte", code=303)
    store.keep()
    return answer
