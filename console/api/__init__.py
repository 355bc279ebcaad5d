"""The REST API under /api/v1."""

from flask import Flask


def register(app: Flask) -> None:
    """Put the API into `app`; it asks for the exchange in `app.extensions["lamen"]`."""
    from console.api import people, programme, results, traffic  # noqa: F401  # each declares its endpoints
    from console.api.frame import install

    install(app)
