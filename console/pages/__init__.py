"""The pages, one module each: a module of this package that holds `pages = Pages("name")` is found and registered by itself.

How to write one (console/pages/help.py is the smallest, console/pages/settings/channels.py has every part):

1. `console/pages/campaigns.py`:

       pages = Pages("campaigns")                       # the blueprint's name: endpoints are "campaigns.index", …

       @pages.page("/campagnes", roles=STAFF)           # deny by default: a route without roles is refused, and fails a test
       def index() -> Answer:
           with reading() as session:                   # the edge opens the transaction, lower packages make the queries
               rows = some_query(session, villages=scope(session))
           return render("campaigns/index.html", rows=rows)

       @pages.page("/campagnes/nouvelle", roles={R.COMMUNICATION}, form=True)       # GET and POST of one form
       def new() -> Answer:
           form = Typed.sent_or(draft("campaign-new"))  # what was posted, else the draft kept, else nothing
           if not form.sent:
               return render("campaigns/new.html", form=form)
           name = form.text("name", needed=_("Donnez un nom."))
           if form.errors:
               return render("campaigns/new.html", form=form), 422     # the token is given back, what was typed is kept
           with writing() as session:
               campaign = make(session, name, now=now(session), staff_id=who().id)
           return done(url_for("campaigns.show", number=campaign.id), _("Campagne enregistrée."))

       @pages.page("/campagnes/<int:number>/annuler", roles={R.COMMUNICATION}, post=True)   # a button: POST only

   Roles: `EVERYONE` (signed in), `STAFF` (all but Lecture and Langue), or a set of `RoleName` (`R`). `ANYBODY` needs no sign-in.
   `who()` is the person (`id`, `roles`, `may(R.…)`, `sees_people`); `scope(session)` is None (all villages) or a frozenset of
   village ids, which every query of rows with a place must be given: outside of it `abort(404)`, as if the row did not exist.
   `now(session)` is business time, which a simulation may have moved.

2. `console/templates/campaigns/index.html` begins `{% extends "base.html" %}`, fills `{% block title %}` and `{% block main %}`
   and imports what it needs: `{% from "macros.html" import form, button, field, area, select, choices, tick, errors, empty,
   table, pages_of, number, figure %}` (each is explained there). Never name a variable like an imported macro.
   Every `<form method="post">` is made by `{% call form(action, typed) %}`, or by `button(action, words)` for one button: they
   carry the CSRF token and the one-time token. A POST without the latter is refused (400); a second sending of the same form
   is led to where the first one led. `{{ number(contact.id, contact.number) }}` is a masked number with « Afficher ».
   Tables: `{% call table([_("Nom"), (_("Total"), "number")]) %}` and cells `<td data-label="{{ _('Nom') }}">`, which become
   labelled lines on a telephone. States: `<span class="state good|warn|bad">words</span>`. Long work: `draft="campaign-new"` on
   the form, `Typed.sent_or(draft("campaign-new"))`.
   htmx, only where it saves something: `{% block scripts %}<script src="{{ asset('htmx') }}" defer></script>{% endblock %}`.
   No inline script, style or event attribute: the content policy refuses them.

3. Words: French msgids, `_("…")` in templates, `from console.words import _` in Python, never inside an f-string:
   `_("%(n)s clubs", n=3)`. Write ordinary spaces before : ; ? ! and inside « »: the frame makes them non-breaking.
   English: a PO file an area, console/translations/en/LC_MESSAGES/campaigns.po (msgid, msgstr pairs; files are merged).
   `make catalogs` lists what lacks English in messages.po; a test fails until each word has some.
   Filters: `moment` (samedi 21 novembre, 8 h), `day`, `francs`, `whole`.

4. Lists of 50: `page = Page.asked(total)`; `query.offset(page.offset).limit(page.size)`; `{{ pages_of(page) }}`. Filters live in
   the URL (a GET form).

5. Tests: `tests/console/`, fixture `signed_in(RoleName.…, villages=frozenset({1}))` (a browser) and `send(browser, address,
   fields)` of tests/console/conftest.py (a POST with both tokens). tests/console/test_access.py walks every route for every
   role; a route with arguments takes them from EXAMPLE there.

Two traps. `done(…)` and `draft(…)` open transactions of their own: never call them inside `with writing()`, or on SQLite the
request waits for itself. And a row read in `reading()` is detached afterwards: load what the template needs before.
"""
