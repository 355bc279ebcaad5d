"""Group commit: what several threads want written at the same moment shares one transaction, whose cost is then paid once.

Whoever comes while nobody writes carries all that waits by then; the others find theirs done, and the first of those that came
meanwhile carries next. Where a shared transaction fails, each of its items is carried again by itself, so that one's mistake is
nobody else's.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")
MOST = 32


class _Ticket(Generic[Item, Done]):
    """One thread's item: what became of it, or why nothing did."""

    def __init__(self, item: Item, key: Hashable) -> None:
        self.item = item
        self.key = key
        self.done: list[Done] = []
        self.error: BaseException | None = None
        self.called = threading.Lock()  # held until its thread is to go on
        self.called.acquire()

    @property
    def open(self) -> bool:
        return not self.done and self.error is None


class GroupCommit(Generic[Item, Done]):
    """`carry` writes some items in one transaction and answers each, in their order; it may run again for items it failed with.

    `hopeless` tells an error that trying one by one would only repeat: then everybody gets it.
    """

    def __init__(
        self, carry: Callable[[Sequence[Item]], Sequence[Done]], hopeless: Callable[[BaseException], bool], most: int = MOST
    ) -> None:
        self._carry = carry
        self._hopeless = hopeless
        self._most = most
        self._lock = threading.Lock()
        self._led = False
        self._waiting: deque[_Ticket[Item, Done]] = deque()

    def __call__(self, item: Item, key: Hashable) -> Done:
        """What `carry` answers for `item`, once it is committed; raises what it raised. Equal keys never share a transaction."""
        ticket: _Ticket[Item, Done] = _Ticket(item, key)
        with self._lock:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.called.acquire()
        if ticket.open:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.done[0]

    @property
    def busy(self) -> bool:
        """Whether somebody is writing."""
        return self._led

    @property
    def waiting(self) -> int:
        """How many wait for somebody else's commit to end."""
        return len(self._waiting)

    def _lead(self) -> None:
        """Carry what waits, one's own first; then call its threads, and one of those that came meanwhile."""
        together = self._next()
        self._together(together)
        with self._lock:
            self._led = bool(self._waiting)
            called = [*together, *list(self._waiting)[:1]]
        for ticket in called:
            ticket.called.release()

    def _next(self) -> list[_Ticket[Item, Done]]:
        """The oldest that may go together; those whose key is among them keep their place."""
        chosen: dict[Hashable, _Ticket[Item, Done]] = {}
        again: list[_Ticket[Item, Done]] = []
        with self._lock:
            while self._waiting and len(chosen) < self._most:
                ticket = self._waiting.popleft()
                if chosen.setdefault(ticket.key, ticket) is not ticket:
                    again.append(ticket)
            self._waiting.extendleft(reversed(again))
        return list(chosen.values())

    def _together(self, tickets: Sequence[_Ticket[Item, Done]]) -> None:
        try:
            for ticket, done in zip(tickets, self._carry([one.item for one in tickets]), strict=True):
                ticket.done.append(done)
        except BaseException as error:  # whatever it is, nobody may be left waiting
            if len(tickets) > 1 and isinstance(error, Exception) and not self._hopeless(error):
                for ticket in tickets:
                    self._together([ticket])
                return
            for ticket in tickets:
                ticket.error = error
