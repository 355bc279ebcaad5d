"""Help, the language switch and the keeping of drafts: what every page needs beside its own matter."""

from flask import Response, redirect, request, session

from console.access import ANYBODY, EVERYONE, Answer, Pages, visitor, who
from console.access import keep as keep_draft
from console.edge import writing
from console.forms import back, forget_draft, render
from console.staff import Staff
from console.words import LANGUAGES

pages = Pages("help")
MOST_FIELDS, LONGEST = 100, 20_000


@pages.page("/aide", roles=ANYBODY)
def index() -> Answer:
    """The help page, at the same place everywhere."""
    return render("help.html")


@pages.page("/langue", roles=ANYBODY, post=True, again=True)
def language() -> Answer:
    """Change the language of the pages, for this browser and, signed in, for the person."""
    wanted = request.form.get("to", "")
    if wanted in LANGUAGES:
        session["language"] = wanted
        someone = visitor()
        if someone is not None:
            with writing() as transaction:
                transaction.query(Staff).filter_by(id=someone.id).update({"ui_language": wanted})
    return redirect(back(), code=303)


@pages.page("/brouillon", roles=EVERYONE, post=True, again=True)
def keep() -> Answer:
    """Keep what is being typed, or, asked so, forget it."""
    form = request.form.get("_draft", "")
    if request.form.get("_forget"):
        forget_draft(form)
        return redirect(back(), code=303)
    fields = {name: values for name, values in request.form.lists() if not name.startswith("_") and name != "csrf_token"}
    if form and len(fields) <= MOST_FIELDS and sum(len(value) for values in fields.values() for value in values) <= LONGEST:
        with writing() as transaction:
            keep_draft(transaction, who().id, form, fields)
    return Response(status=204)
