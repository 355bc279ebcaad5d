"""Write a campaign as a draft, read what it would do and cost, and read what was learned this month.

    LAMEN_URL=http://127.0.0.1:8000 LAMEN_TOKEN=lamen_… python docs/api_example.py premier-lait

Nothing but Python's own library. The token needs write:campaigns, read:campaigns and read:results. The tests run this file
against a service, so that what it shows is what works.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any


class Refused(Exception):
    """The service said no: `problem` is its problem document (RFC 9457), whose `faults` name every wrong part."""

    def __init__(self, problem: dict[str, Any]) -> None:
        faults = "".join(f"\n  {fault['place']}: {fault['message']}" for fault in problem["faults"])
        super().__init__(f"{problem['status']} {problem['code']}: {problem['detail']}{faults}")
        self.problem = problem


class Lamen:
    """The API of one installation."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._headers = address.rstrip("/"), {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **filters: Any) -> Any:
        """One answer."""
        query = f"?{urllib.parse.urlencode(filters)}" if filters else ""
        return self._ask(urllib.request.Request(f"{self._address}{path}{query}", headers=self._headers))

    def each(self, path: str, **filters: Any) -> Iterator[Any]:
        """Every row of a list, page by page."""
        page = self.get(path, **filters)
        yield from page["items"]
        while page["next"] is not None:
            page = self.get(page["next"])
            yield from page["items"]

    def post(self, path: str, body: Any = None, *, key: str) -> Any:
        """Change something, once: the same request under the same key again changes nothing more."""
        headers = {**self._headers, "Idempotency-Key": key, "Content-Type": "application/json"}
        data = b"" if body is None else json.dumps(body).encode()
        return self._ask(urllib.request.Request(f"{self._address}{path}", data, headers, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from error


def main(content: str) -> None:
    """Draft, estimate, results."""
    lamen = Lamen(os.environ["LAMEN_URL"], os.environ["LAMEN_TOKEN"])
    wanted = {
        "name": f"Example: {content}",
        "content": content,
        "audience": {"sexes": ["F"]},
        "when": {"repeat": "once"},
        "draft": True,
    }
    campaign = lamen.post("/api/v1/campaigns", wanted, key=f"example-{content}")
    print(f"Campaign {campaign['id']} is a {campaign['state']}.")

    estimate = lamen.get(f"/api/v1/campaigns/{campaign['id']}/estimate")
    print(f"It would reach {estimate['numbers']} numbers with {estimate['parts']} SMS for {estimate['cost']} FCFA.")
    for problem in estimate["problems"]:
        print(f"- {problem['code']} ({'in the way' if problem['refuses'] else 'to know'})")
    # A person reads this, then schedules it in the console; or: lamen.post(f"…/campaigns/{id}/schedule", key="…")

    waiting = sum(1 for _ in lamen.each("/api/v1/campaigns", state="draft", limit=200))
    print(f"{waiting} drafts wait.")

    results = lamen.get("/api/v1/results")
    print(f"From {results['since']} to {results['until']}:")
    for figure in results["figures"]:
        print(f"- {figure['label']}: {'fewer than five people' if figure['hidden'] else figure['value']}")


if __name__ == "__main__":
    main(sys.argv[1])
