"""The REST API under /api/v1."""

from flask import Flask


def register(app: Flask) -> None:
    """Put the API into `app`; it asks for the exchange in `app.extensions["lamen"]`."""
    from console.api import audiences, campaigns, contents, estimates, people, programme, results, traffic  # noqa: F401
    from console.api.frame import install  # the others declare their endpoints

    install(app)
