"""Ids never repeat and never go back, whatever the clock does."""

import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from guanxi.base.ids import EPOCH_MS, MAX_ID, IdSource, time_of

NOW = (EPOCH_MS + 60_000_000_000) * 1000


@given(st.lists(st.tuples(st.integers(-10_000_000, 10_000_000), st.integers(0, 6000)), max_size=20))
def test_ids_ascend_though_the_clock_jumps(steps):
    clock = [NOW]
    source = IdSource(7, lambda: clock[0])
    seen = []
    for step, count in steps:
        clock[0] += step
        seen.extend(source.take(count) if count % 2 else [source.next()])
    assert seen == sorted(set(seen))
    assert all(0 < i <= MAX_ID for i in seen)


def test_a_restart_goes_on_after_the_last_stored_moment():
    first = IdSource(3, lambda: NOW)
    used = first.take(10_000)
    again = IdSource(3, lambda: NOW - 5_000_000, last=first.last_ms)
    assert again.next() > used[-1]


def test_ids_tell_their_time_and_node_keeps_them_apart():
    a, b = IdSource(1, lambda: NOW).take(5000), IdSource(2, lambda: NOW).take(5000)
    assert not set(a) & set(b)
    assert abs(time_of(a[0]) - NOW) < 1000


def test_threads_share_one_source():
    source = IdSource(1, lambda: NOW)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda n: [*source.take(n % 50), source.next()], range(400)))
    ids = [i for part in parts for i in part]
    assert len(ids) == len(set(ids))


def _from_process(node: int) -> list[int]:
    return IdSource(node, lambda: NOW - node * 1_000_000).take(20_000)


def test_processes_with_their_own_nodes_never_clash():
    with ProcessPoolExecutor(4) as pool:
        ids = [i for part in pool.map(_from_process, range(8)) for i in part]
    assert len(set(ids)) == 160_000


def test_taking_many_is_quick():
    source = IdSource(1, lambda: time.time_ns() // 1000)
    best = min(_timed(source) for _ in range(5))
    assert best < 0.03


def _timed(source: IdSource) -> float:
    start = time.perf_counter()
    source.take(100_000)
    return time.perf_counter() - start
