"""Pushed news: one watcher per workspace and process tells all open pages how many notifications are unread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from time import monotonic
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.log import last_seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

PAUSE = 1.0  # seconds between looks for what other processes did
SETTLE = 0.15  # news in quick succession are told once
BEAT = 20.0  # seconds after which a silent stream says that it lives
LIFE = 900.0  # seconds after which a stream ends; the browser comes back and is asked who it is again
MOST = 12  # streams of one person; the oldest ends

_hubs: WeakKeyDictionary[Space, Hub] = WeakKeyDictionary()


class Hub:
    """The streams of one workspace in this process. Everything but `wake` runs in the event loop."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.streams: dict[int, list[asyncio.Queue[str | None]]] = {}
        self.counts: dict[int, int] = {}
        self.seen = -1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        space.after_commit.append(self.wake)

    def wake(self) -> None:
        """Something was committed in this process; may be called from any thread."""
        loop = self._loop
        if loop is not None and self.streams and not loop.is_closed():
            with suppress(RuntimeError):  # the loop ended between the question and the call
                loop.call_soon_threadsafe(self._woken.set)

    def join(self, user: int) -> asyncio.Queue[str | None]:
        """A new stream of that person; the watcher runs while there is any."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # tests and restarts bring a new loop: nothing of the old one lives on
            self._loop, self._woken, self._task = loop, asyncio.Event(), None
            self.streams.clear()
        queue: asyncio.Queue[str | None] = asyncio.Queue(100)
        mine = self.streams.setdefault(user, [])
        mine.append(queue)
        if len(mine) > MOST:
            _put(mine.pop(0), None)
        self.counts.pop(user, None)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._watch())
        self._woken.set()
        return queue

    def leave(self, user: int, queue: asyncio.Queue[str | None]) -> None:
        """The page was closed."""
        mine = self.streams.get(user, [])
        if queue in mine:
            mine.remove(queue)
        if not mine:
            self.streams.pop(user, None)
            self.counts.pop(user, None)

    async def _watch(self) -> None:
        while self.streams:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), PAUSE)
            woken = self._woken.is_set()
            self._woken.clear()
            if woken:
                await asyncio.sleep(SETTLE)
            with suppress(Exception):  # a busy database is asked again at the next look; streams stay open
                await self._tell(woken)

    async def _tell(self, woken: bool) -> None:
        pos, counts = await run_in_threadpool(self._look, tuple(self.streams), woken)
        if counts is None:
            return
        changed = self.seen not in (-1, pos)
        self.seen = pos
        for user in list(self.streams):
            count = counts.get(user, 0)
            if self.counts.get(user) != count:
                self.counts[user] = count
                self._send(user, event("notifications", {"unread": count}))
            if changed:
                self._send(user, event("changed", {"at": str(pos)}))

    def _look(self, users: Iterable[int], woken: bool) -> tuple[int, dict[int, int] | None]:
        with self.space.read(system("unread notifications")) as work:
            pos = last_seal(work.session)[0]
            if pos == self.seen and not woken:
                return pos, None
            if "notification" not in work.catalog.objects:
                return pos, {}
            mine = ", ".join(str(user) for user in users) or "0"
            found = tally(work, Query("notification", f"is_empty(read_at) and owner in [{mine}]"), ("owner",))
        return pos, {group.keys[0]: group.count for group in found}

    def _send(self, user: int, text: str) -> None:
        for queue in self.streams.get(user, []):
            _put(queue, text)


def _put(queue: asyncio.Queue[str | None], item: str | None) -> None:
    with suppress(asyncio.QueueFull):  # a page that does not read misses news, others do not wait for it
        queue.put_nowait(item)


def event(name: str, data: object) -> str:
    """One message in the form of server-sent events."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def hub_of(space: Space) -> Hub:
    """The one hub of a workspace in this process."""
    known = _hubs.get(space)
    if known is None:
        known = _hubs[space] = Hub(space)
    return known


async def stream(space: Space, user: int) -> AsyncIterator[str]:
    """What one page gets, until it goes away or its time is over."""
    hub = hub_of(space)
    queue = hub.join(user)
    until = monotonic() + LIFE
    try:
        yield "retry: 3000\n\n"
        while monotonic() < until:
            try:
                message = await asyncio.wait_for(queue.get(), BEAT)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if message is None:
                return
            yield message
    finally:
        hub.leave(user, queue)
