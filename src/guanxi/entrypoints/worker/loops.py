"""The loop of background work over all workspaces of this process; one broken part does not stop the others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event, Thread
from time import monotonic

import structlog

from guanxi.kernel.admin.health import beat
from guanxi.kernel.changes.feed import Follower, follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import JobRun, run_due, sweep
from guanxi.kernel.jobs.schedule import Schedule, tick
from guanxi.kernel.records.export_jobs import clear_exports
from guanxi.kernel.records.reactions import clock_handlers, react_handler, reactions_follower, schedules_of

SHORT, LONG = "default", "bulk"  # queues
LONG_AT_ONCE = 2  # jobs that take minutes: one person's need not wait for another's
GATHER, MANY = 0.1, 50
"""After a commit, seconds in which others may join what is followed: one transaction then serves them all, and people
who write do not compete with the follower of each single save. Not where there is much to do."""
PAUSE = 0.5  # seconds between looks when nothing wakes us: other processes' commits are found this late
BEAT_EVERY, CHECKPOINT_EVERY, SWEEP_EVERY = 10.0, 60.0, 3_600.0
LONGEST_WAIT = 300.0  # seconds until a part that keeps failing is tried again

log = structlog.get_logger("guanxi.worker")
Handler = Callable[[Space, JobRun], None]


class Worker:
    """`handlers` are the kinds of jobs besides reactions and the apps' scheduled ones; so with `schedules`."""

    def __init__(
        self,
        spaces: Callable[[], Sequence[Space]],
        handlers: Mapping[str, Handler],
        followers: Sequence[Callable[[Space], Follower]] = (),
        schedules: Sequence[Callable[[Space], Sequence[Schedule]]] = (),
    ) -> None:
        self._spaces, self._handlers = spaces, handlers
        self._followers = (reactions_follower, *followers)
        self._schedules = (schedules_of, *schedules)
        self._stop, self._wake = Event(), Event()
        self._thread: Thread | None = None
        self._known: set[str] = set()
        self._due: dict[tuple[str, str], float] = {}
        self._failed: dict[tuple[str, str], int] = {}
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def start(self) -> None:
        """Runs in a thread of its own."""
        self._thread = Thread(target=self.run, name="guanxi-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks to end after the piece of work at hand, and waits for it."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30.0)

    def wake(self) -> None:
        """Something was committed in this process."""
        self._wake.set()

    def run(self) -> None:
        """Works until stopped; long jobs have threads of their own, so that short ones need not wait."""
        long = [Thread(target=self._run_long, name=f"guanxi-worker-long-{n}", daemon=True) for n in range(LONG_AT_ONCE)]
        for thread in long:
            thread.start()
        while not self._stop.is_set():
            self._wake.clear()
            done = self._short_round()
            if not done:
                self._wake.wait(PAUSE)
            if done < MANY:
                self._stop.wait(GATHER)
        for thread in long:
            thread.join(timeout=30.0)

    def _run_long(self) -> None:
        while not self._stop.is_set():
            if not self._long_round():
                self._stop.wait(PAUSE)

    def round(self) -> int:
        """One look at everything, in this thread; gives how much was done."""
        return self._short_round() + self._long_round()

    def _long_round(self) -> int:
        found: list[Space] = []
        self._attempt("", "workspaces of long jobs", lambda: found.extend(self._spaces()))
        return sum(self._attempt(s.name, "long jobs", partial(self._jobs, s, LONG, 1)) for s in found)

    def _short_round(self) -> int:
        done = 0
        for space in self._watched():
            done += self._workspace(space)
            if self._stop.is_set():
                break
        return done

    def _watched(self) -> Sequence[Space]:
        found: list[Space] = []
        self._attempt("", "workspaces", lambda: found.extend(self._spaces()))
        for space in found:
            if space.name not in self._known:
                self._known.add(space.name)
                space.after_commit.append(self._wake.set)
        return found

    def _workspace(self, space: Space) -> int:
        name, db = space.name, space.db
        done = self._attempt(name, "seal", lambda: seal(db))
        for make in self._followers:
            follower = make(space)
            done += self._attempt(name, f"follower {follower.name}", lambda f=follower: follow(db, f))  # type: ignore[misc]  # mypy cannot type a lambda's default
        done += self._attempt(name, "schedules", lambda: tick(db, self._clockwork(space), space.clock()))
        done += self._attempt(name, "jobs", lambda: self._jobs(space, SHORT, 10))
        self._timed(name, "heartbeat", BEAT_EVERY, lambda: beat(space), at_once=True)
        self._timed(name, "checkpoint", CHECKPOINT_EVERY, db.checkpoint)
        self._timed(name, "sweep", SWEEP_EVERY, lambda: _sweep(space))
        return done

    def _clockwork(self, space: Space) -> list[Schedule]:
        return [schedule for make in self._schedules for schedule in make(space)]

    def _jobs(self, space: Space, queue: str, limit: int) -> int:
        return run_due(space.db, self._jobs_of(space), worker=self._name, limit=limit, queues=(queue,))

    def _jobs_of(self, space: Space) -> dict[str, Callable[[JobRun], None]]:
        own = {kind: _bound(handler, space) for kind, handler in self._handlers.items()}
        return {**own, **clock_handlers(space), "reaction": lambda run: react_handler(space, run)}

    def _timed(
        self, space: str, part: str, every: float, action: Callable[[], object], *, at_once: bool = False
    ) -> None:
        now = monotonic()
        if self._due.setdefault((space, f"timed {part}"), now + (0.0 if at_once else every)) <= now:
            self._due[space, f"timed {part}"] = now + every
            self._attempt(space, part, action)

    def _attempt(self, space: str, part: str, action: Callable[[], object]) -> int:
        """Runs one part; a failing one is told in the log and left alone for a while, longer each time."""
        key = (space, part)
        if self._due.get(key, 0.0) > monotonic():
            return 0
        try:
            done = action()
        except Exception:  # whatever a part raises must not stop the others
            times = self._failed[key] = self._failed.get(key, 0) + 1
            wait = min(2.0**times, LONGEST_WAIT)
            self._due[key] = monotonic() + wait
            log.exception("part failed", workspace=space, part=part, times=times, again_in=wait)
            return 0
        if self._failed.pop(key, 0):
            log.info("part works again", workspace=space, part=part)
        return done if isinstance(done, int) else 0


def _bound(handler: Handler, space: Space) -> Callable[[JobRun], None]:
    return lambda run: handler(space, run)


def _sweep(space: Space) -> None:
    with space.db.write(bulk=True) as session:
        sweep(session)
    clear_exports(space)
