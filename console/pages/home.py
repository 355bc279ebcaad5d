"""Accueil: what needs me today."""

from console.access import EVERYONE, Answer, Pages
from console.forms import render

pages = Pages("home")


@pages.page("/", roles=EVERYONE)
def index() -> Answer:
    """The home page."""
    return render("home/index.html")
