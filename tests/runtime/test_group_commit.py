"""Several threads, one transaction: who goes together, who alone, and what one's mistake does to the others."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from runtime import group_commit
from runtime.group_commit import GroupCommit
from tests.faults.processes import wait_until

PATIENCE = 20.0


class Carrier:
    """Doubles what it is given; holds its first transaction open until it is told to go on."""

    def __init__(self, most: int = 32, hopeless: Callable[[BaseException], bool] = lambda error: False) -> None:
        self.carried: list[list[int]] = []
        self.bad: dict[int, BaseException] = {}
        self.began, self.go_on = threading.Event(), threading.Event()
        self.commit: GroupCommit[int, int] = GroupCommit(self.carry, hopeless, most)

    def carry(self, items: Sequence[int]) -> list[int]:
        self.carried.append(list(items))
        self.began.set()
        assert self.go_on.wait(PATIENCE)
        for item in items:
            if item in self.bad:
                raise self.bad[item]
        return [2 * item for item in items]

    def held_by_one(self, items: Sequence[int]) -> list[int]:
        """As if something else held the row of item 1."""
        return self.carry(items) if 1 in items else [2 * item for item in items]

    def holds(self, waiting: int) -> bool:
        return self.commit.waiting == waiting

    def run(self, items: Sequence[int], key: Callable[[int], int] = lambda item: item) -> list[Future[int]]:
        """Bring the first item, the others while it is being written, in their order; what became of each."""
        with ThreadPoolExecutor(len(items)) as threads:
            brought = [threads.submit(self.commit, items[0], key(items[0]))]
            assert self.began.wait(PATIENCE)
            for waiting, item in enumerate(items[1:], start=1):
                brought.append(threads.submit(self.commit, item, key(item)))
                wait_until(partial(self.holds, waiting), every=0.001)
            self.go_on.set()
        return brought


def test_whoever_waits_while_one_is_written_goes_together() -> None:
    carrier = Carrier()
    assert [one.result() for one in carrier.run([1, 2, 3, 4])] == [2, 4, 6, 8]
    assert carrier.carried == [[1], [2, 3, 4]]


def test_no_more_go_together_than_allowed() -> None:
    carrier = Carrier(most=2)
    assert [one.result() for one in carrier.run([1, 2, 3, 4, 5, 6])] == [2, 4, 6, 8, 10, 12]
    assert carrier.carried == [[1], [2, 3], [4, 5], [6]]


def test_equal_keys_never_go_together_and_keep_their_order() -> None:
    carrier = Carrier()
    assert [one.result() for one in carrier.run([1, 20, 21, 30, 22], key=lambda item: item // 10)] == [2, 40, 42, 60, 44]
    assert carrier.carried == [[1], [20, 30], [21], [22]]


def test_where_one_fails_each_is_carried_again_alone() -> None:
    carrier = Carrier()
    carrier.bad = {3: ValueError("three")}
    first, second, third, fourth = carrier.run([1, 2, 3, 4])
    assert (first.result(), second.result(), fourth.result()) == (2, 4, 8)
    with pytest.raises(ValueError, match="three"):
        third.result()
    assert carrier.carried == [[1], [2, 3, 4], [2], [3], [4]]


def test_an_error_that_one_by_one_would_repeat_is_everybodys() -> None:
    carrier = Carrier(hopeless=lambda error: isinstance(error, ConnectionError))
    carrier.bad = {3: ConnectionError()}
    found = carrier.run([1, 2, 3, 4])
    assert [type(one.exception()) for one in found] == [type(None), ConnectionError, ConnectionError, ConnectionError]
    assert carrier.carried == [[1], [2, 3, 4]]


def test_nobody_is_left_waiting_whatever_is_raised() -> None:
    carrier = Carrier()
    carrier.bad = {1: KeyboardInterrupt(), 2: SystemExit()}
    assert [type(one.exception()) for one in carrier.run([1, 2, 3])] == [KeyboardInterrupt, SystemExit, SystemExit]
    assert carrier.commit(5, 5) == 10  # and the next one is carried as if nothing had been


@pytest.mark.parametrize("lanes", [1, 3])
def test_many_threads_get_each_their_own_answer(lanes: int) -> None:
    commit: GroupCommit[int, int] = GroupCommit(lambda items: [2 * item for item in items], lambda error: False, 5, lanes)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda item: commit(item, item % 7), range(2000))) == [2 * item for item in range(2000)]
    assert commit.waiting == 0


def test_who_waits_too_long_opens_another_lane_where_there_is_one() -> None:
    carrier = Carrier()
    carrier.commit = GroupCommit(carrier.held_by_one, lambda error: False, lanes=2)
    with ThreadPoolExecutor(4) as threads:
        held = threads.submit(carrier.commit, 1, 1)
        assert carrier.began.wait(PATIENCE)
        assert [threads.submit(carrier.commit, item, item).result(PATIENCE) for item in (2, 3)] == [4, 6]
        assert not held.done()
        carrier.go_on.set()
        assert held.result(PATIENCE) == 2
        assert carrier.commit(4, 4) == 8
    assert not carrier.commit.busy


def test_no_more_lanes_open_than_allowed() -> None:
    carrier = Carrier()
    carrier.commit = GroupCommit(carrier.carry, lambda error: False, lanes=2)
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(carrier.commit, item, item) for item in (1, 2, 3, 4)]
        wait_until(lambda: len(carrier.carried) == 2, every=0.001)
        time.sleep(2 * group_commit.PATIENCE)
        assert len(carrier.carried) == 2
        carrier.go_on.set()
        assert [one.result(PATIENCE) for one in found] == [2, 4, 6, 8]
    assert not carrier.commit.busy
