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
PATIENCE = 0.5  # seconds; far longer than a shared transaction takes


class _Ticket(Generic[Item, Done]):
    """One thread's item: what became of it, or why nothing did. `taken` once somebody carries it, `leads` if its thread does."""

    def __init__(self, item: Item, key: Hashable) -> None:
        self.item = item
        self.key = key
        self.taken = False
        self.leads = False
        self.done: list[Done] = []
        self.error: BaseException | None = None
        self.called = threading.Lock()  # held until its thread is to go on
        self.called.acquire()


class GroupCommit(Generic[Item, Done]):
    """`carry` writes some items in one transaction and answers each, in their order; it may run again for items it failed with.

    `hopeless` tells an error that trying one by one would only repeat: then everybody gets it. `lanes` is how many transactions
    may be open at once: a further one begins only for who has waited `PATIENCE` for the others, which may wait for a lock.
    """

    def __init__(
        self,
        carry: Callable[[Sequence[Item]], Sequence[Done]],
        hopeless: Callable[[BaseException], bool],
        most: int = MOST,
        lanes: int = 1,
    ) -> None:
        self._carry = carry
        self._hopeless = hopeless
        self._most = most
        self._lanes = lanes
        self._lock = threading.Lock()
        self._leaders = 0
        self._waiting: deque[_Ticket[Item, Done]] = deque()

    def __call__(self, item: Item, key: Hashable) -> Done:
        """What `carry` answers for `item`, once it is committed; raises what it raised. Equal keys never share a transaction."""
        ticket: _Ticket[Item, Done] = _Ticket(item, key)
        with self._lock:
            self._waiting.append(ticket)
            if not self._leaders:
                self._leaders, ticket.leads = 1, True
        if ticket.leads or self._called_to_lead(ticket):
            self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.done[0]

    @property
    def busy(self) -> bool:
        """Whether somebody is writing."""
        return self._leaders > 0

    @property
    def waiting(self) -> int:
        """How many wait for somebody else's commit to end."""
        return len(self._waiting)

    def _called_to_lead(self, ticket: _Ticket[Item, Done]) -> bool:
        """Wait until `ticket` is done (False), or its thread is to lead: called by one who ends, or after too long a wait."""
        while not ticket.called.acquire(timeout=PATIENCE if self._lanes > 1 else -1):
            with self._lock:
                if not ticket.leads and not ticket.taken and self._leaders < self._lanes:
                    self._leaders += 1
                    ticket.leads = True
                if ticket.leads:
                    return True
        return ticket.leads

    def _lead(self, own: _Ticket[Item, Done]) -> None:
        """Carry what waits, `own` first; then call the threads, and the first of those that came meanwhile."""
        together = self._next(own)
        self._together(together)
        with self._lock:
            successor = next((ticket for ticket in self._waiting if not ticket.leads), None)
            if successor is None:
                self._leaders -= 1
            else:
                successor.leads = True
        for ticket in together[1:] if successor is None else [*together[1:], successor]:
            ticket.called.release()

    def _next(self, own: _Ticket[Item, Done]) -> list[_Ticket[Item, Done]]:
        """`own` and the oldest that may go with it; those whose key is among them keep their place."""
        chosen: dict[Hashable, _Ticket[Item, Done]] = {own.key: own}
        with self._lock:
            for ticket in self._waiting:
                if len(chosen) < self._most and not ticket.leads:
                    chosen.setdefault(ticket.key, ticket)
            for ticket in chosen.values():
                ticket.taken = True
            self._waiting = deque(ticket for ticket in self._waiting if not ticket.taken)
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
