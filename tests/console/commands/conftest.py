"""`run` calls a command as the shell would and says what it printed and how it ended."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("sms", "count", "Bonjour")`; `typed` is what a person types when asked."""

    def called(*words: str, typed: str | None = None) -> Result:
        return app.test_cli_runner().invoke(args=list(words), input=typed)

    return called
