"""What every request and every answer of the console passes: Fetch Metadata, CSRF, roles, security headers, error pages.

Webhooks (webhooks/door.py) and the API have their own doors and pass none of these but the headers.
"""

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]  # publishes no types
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.exceptions import HTTPException

from console.access import Answer, guard, outside, visitor
from console.forms import render
from console.once import new_token
from console.words import _
from runtime.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")


def headers(settings: Settings) -> Secure:
    """The security headers, written out: the library's defaults forbid the microphone and force https on local networks."""
    policy = (
        ContentSecurityPolicy()
        .default_src("'self'")
        .img_src("'self'", "data:")
        .media_src("'self'", "blob:")
        .object_src("'none'")
        .base_uri("'none'")
        .form_action("'self'")
        .frame_ancestors("'none'")
    )
    return Secure(
        csp=policy,
        hsts=None if settings.insecure_http else StrictTransportSecurity().max_age(31536000),
        referrer=ReferrerPolicy().set("same-origin"),
        permissions=PermissionsPolicy().value("camera=(), geolocation=(), microphone=(self)"),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        coop=CrossOriginOpenerPolicy().same_origin(),
    )


def _most_megabytes() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"]) // 2**20


def hang(app: Flask, settings: Settings) -> None:
    """Hang the doors."""
    csrf = CSRFProtect(app)

    @app.before_request
    def enter() -> Answer | None:
        if outside(request.path, request.endpoint) or request.endpoint is None:
            return None
        from_elsewhere()
        visitor()
        if request.method not in SAFE:
            csrf.protect()
        return guard(current_app.view_functions.get(request.endpoint), request.blueprint)

    protect(app, settings)

    @app.after_request
    def leave(response: Response) -> Response:
        if g.get("person") is not None and "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "no-store"
        return response

    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(HTTPException, told)


def protect(app: Flask, settings: Settings) -> None:
    """Put the security headers on every answer of `app`, where it has none of its own."""
    always = tuple(headers(settings).headers.items())

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in always:
            response.headers.setdefault(name, value)
        return response


def from_elsewhere() -> None:
    """403 for what another site makes a browser send; a link followed from elsewhere may open a page."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site in ("same-origin", "none"):
        return
    if request.method in SAFE and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        return
    abort(403)


def forged(_error: CSRFError) -> Answer:
    """A form whose session is gone: back to signing in, which leads on to the page again."""
    if visitor() is None:
        session["unsent"] = "lost"
        return redirect(url_for("security.login", next=request.form.get("_page", "/")))
    return _page(400, _("Ce formulaire n'est plus valable."), _("Revenez à la page, puis envoyez-le de nouveau."))


def told(error: HTTPException) -> Answer:
    """An error page in the words of people; other packages' paths keep the plain answer."""
    if outside(request.path, request.endpoint) or error.code is None or error.code < 400:
        return error.get_response()
    words = {
        400: (_("Ce formulaire n'a pas pu être lu."), _("Revenez à la page, puis envoyez-le de nouveau.")),
        403: (_("Cette page n'est pas ouverte à votre rôle."), _("Demandez l'accès à l'administration.")),
        404: (_("Cette page n'existe pas."), _("Vérifiez l'adresse, ou revenez à l'accueil.")),
        405: (_("Cette adresse ne s'ouvre pas ainsi."), _("Revenez à l'accueil.")),
        413: (_("Le fichier dépasse %(n)s Mo.", n=_most_megabytes()), _("Envoyez un fichier plus petit.")),
        429: (_("Trop de demandes en peu de temps."), _("Attendez une minute, puis recommencez.")),
    }
    happened, what_to_do = words.get(
        error.code, (_("Le service n'a pas pu répondre."), _("Recommencez. Si cela continue, prévenez l'administration."))
    )
    return _page(error.code, happened, what_to_do)


def _page(code: int, happened: str, what_to_do: str) -> Answer:
    return render("error.html", happened=happened, what_to_do=what_to_do, once=new_token()), code
