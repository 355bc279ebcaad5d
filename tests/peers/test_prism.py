"""What stands beside the tests is what it says it is: a lock that names no registry, documents that we did not change."""

import hashlib
import json

from tests.peers.prism import FORM, HERE, with_lists

DOCUMENT = HERE / "twilio_api_v2010.json"
AS_PUBLISHED = "99cae87a6bb1725f71363364cbd30282a13140374b2d5f9bdd5bdfa5d4c8a6d7"


def test_the_lock_names_every_version_and_no_registry() -> None:
    text = (HERE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert packages["node_modules/@stoplight/prism-cli"]["version"] == "5.16.0"
    assert [name for name, one in packages.items() if name and not one.get("integrity")] == []
    assert not any("resolved" in one for one in packages.values())
    assert "registry" not in text


def test_twilios_document_is_as_it_was_published() -> None:
    assert hashlib.sha256(DOCUMENT.read_bytes()).hexdigest() == AS_PUBLISHED


def test_each_list_in_a_form_is_said_to_come_as_a_repeated_field() -> None:
    document = with_lists(json.loads(DOCUMENT.read_text()))
    forms = [
        form
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and (form := operation.get("requestBody", {}).get("content", {}).get(FORM))
    ]
    said = [form["encoding"][name] for form in forms for name in form["encoding"] if form["schema"]["properties"][name]]
    lists = [name for form in forms for name, one in form["schema"].get("properties", {}).items() if one.get("type") == "array"]
    assert len(lists) == 10
    assert said == [{"style": "form", "explode": True}] * len(lists)
