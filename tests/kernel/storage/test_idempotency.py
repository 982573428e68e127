"""KD 16: the same key twice at once has one effect; the same key with another body is refused."""

import threading
import time

import pytest

from guanxi.base.errors import Invalid
from guanxi.kernel.storage import idempotency
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.tables import create_kernel_tables


@pytest.fixture
def ready(database: Database) -> Database:
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
    return database


def test_same_key_twice_at_once_has_one_effect(ready: Database) -> None:
    outcomes: list[object] = []

    def request(n: int) -> None:
        with ready.write() as session:
            before = idempotency.begin(session, 7, "k", "h")
            if before is None:
                time.sleep(0.05)
                session.insert("setting", ("name", "value"), [(f"effect {n}", None)])
                idempotency.finish(session, 7, "k", 201, '{"id":"5"}')
            outcomes.append(before)

    threads = [threading.Thread(target=request, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 1
    assert [o for o in outcomes if o] == [idempotency.Answered(201, '{"id":"5"}')] * 3
    with ready.read() as session:
        assert session.value(f"SELECT count(*) FROM {session.table('setting')}") == 1


def test_other_body_is_refused_other_actor_is_free_and_keys_expire(ready: Database) -> None:
    with ready.write() as session:
        assert idempotency.begin(session, 7, "k", "h") is None
        assert idempotency.begin(session, 8, "k", "other") is None
    with pytest.raises(Invalid, match="another request"), ready.write() as session:
        idempotency.begin(session, 7, "k", "other")
    later = ready.clock() + idempotency.KEEP + 1
    ready.clock = lambda: later
    with ready.write() as session:
        assert idempotency.begin(session, 7, "k", "other") is None
        assert idempotency.sweep(session) == 1


def test_a_failed_effect_frees_its_key(ready: Database) -> None:
    with pytest.raises(OSError, match="disk"), ready.write() as session:  # noqa: PT012
        idempotency.begin(session, 7, "k", "h")
        raise OSError("disk")
    with ready.write() as session:
        assert idempotency.begin(session, 7, "k", "h") is None
