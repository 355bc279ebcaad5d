"""One telephone for every test that calls; without the library that makes it, those tests are left out by name."""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.voice.line import Phone

AWA = "+22376000001"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without baresip nobody can call."""
    missing = pytest.mark.skip(reason="baresip-python is not installed (extra sip): no telephone calls")
    for item in items:
        if item.get_closest_marker("call") is not None and importlib.util.find_spec("baresip") is None:
            item.add_marker(missing)


@pytest.fixture(scope="session")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """Awa's telephone, in a process of its own."""
    found = Phone(tmp_path_factory.mktemp("phone"), AWA)
    yield found
    found.end()
