"""The application behind `/hooks`: the providers' routes without anything that a console's page needs.

It shares configuration and extensions with the application it is hung in, so that a route finds in either what it works on. What
it lacks is the point: a telephone has no cookie, no session, no account and no language to choose, and a caller waits for each.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.sessions import SessionInterface
from flask.wrappers import Request

from webhooks import routes, sounds

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

PATH = "/hooks/"


class _NoSession(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> None:
        return None


def hang(app: Flask, watch: Callable[[Flask], None]) -> None:
    """Answer `/hooks` in `app` by an application of its own; `watch` puts in what every answer passes."""
    hooks = Flask("lamen.hooks", static_folder=None)
    hooks.config, hooks.extensions, hooks.session_interface = app.config, app.extensions, _NoSession()
    watch(hooks)
    hooks.register_blueprint(routes.blueprint)
    hooks.register_blueprint(sounds.blueprint)
    pages = app.wsgi_app

    def answer(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        to = hooks.wsgi_app if environ.get("PATH_INFO", "").startswith(PATH) else pages
        return to(environ, start_response)

    app.wsgi_app = answer  # type: ignore[method-assign]  # where Flask wants a layer to be put
