"""Record ids: 64-bit, time-ordered, issued without asking anybody (42 bits of ms, 10 of node, 11 of counter)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

EPOCH_MS = 1_735_689_600_000  # 2025-01-01 00:00 UTC
NODES = 1024
NODE_BITS, COUNTER_BITS = 10, 11
PER_MS = 1 << COUNTER_BITS
MAX_ID = (1 << 63) - 1


class IdSource:
    """
    Issues ids of one node. `clock` gives µs UTC; `last` is the `last_ms` stored when the node was last used.

    Internally time and counter are one running number that only grows. When a millisecond is used up or the
    clock steps back, it simply runs on: ids are borrowed from the future and never repeat.
    """

    __slots__ = ("_clock", "_lock", "_next", "node")

    def __init__(self, node: int, clock: Callable[[], int], last: int = 0) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"node {node} is not in 0..{NODES - 1}")
        self.node = node
        self._clock = clock
        self._lock = Lock()
        self._next = (last + 1 - EPOCH_MS) * PER_MS if last else 0

    def _reserve(self, n: int) -> int:
        now = (self._clock() // 1000 - EPOCH_MS) * PER_MS
        with self._lock:
            start = max(now, self._next)
            self._next = start + n
        return start

    def next(self) -> int:
        tick = self._reserve(1)
        return (tick >> COUNTER_BITS) << (NODE_BITS + COUNTER_BITS) | self.node << COUNTER_BITS | tick & (PER_MS - 1)

    def take(self, n: int) -> list[int]:
        """`n` ids, ascending."""
        if n <= 0:
            return []
        tick = self._reserve(n)
        end = tick + n
        ids: list[int] = []
        while tick < end:
            ms, counter = tick >> COUNTER_BITS, tick & (PER_MS - 1)
            room = min(PER_MS - counter, end - tick)
            base = ms << (NODE_BITS + COUNTER_BITS) | self.node << COUNTER_BITS | counter
            ids.extend(range(base, base + room))
            tick += room
        return ids

    @property
    def last_ms(self) -> int:
        """Unix ms of the newest id issued, possibly ahead of the clock; store it and pass it back as `last`."""
        return max(self._next - 1, 0) // PER_MS + EPOCH_MS if self._next else 0


def time_of(record: int) -> int:
    """When an id was issued, µs UTC (good to the millisecond, or a little ahead)."""
    return ((record >> (NODE_BITS + COUNTER_BITS)) + EPOCH_MS) * 1000
