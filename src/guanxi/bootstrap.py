"""The one place where everything is put together: apps, databases, workspaces, web, worker, command line."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import structlog
from anyio import to_thread
from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from guanxi.apps.collaboration.alarm import tell_alerts, tell_failed_backup
from guanxi.apps.collaboration.manifest import COLLABORATION
from guanxi.apps.consent.manifest import CONSENTS
from guanxi.apps.customers.manifest import CUSTOMERS
from guanxi.apps.sales.manifest import SALES
from guanxi.apps.samples.load import load_samples
from guanxi.base.errors import Conflict, NotFound, Problem, msg
from guanxi.base.ids import IdSource
from guanxi.entrypoints.cli.logs import configure_logs
from guanxi.entrypoints.cli.main import run_command
from guanxi.entrypoints.watch.metrics import TOGETHER
from guanxi.entrypoints.watch.traces import start_tracing
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.admin import backing, erasures, keeping, safekeeping, scan, watch, whole
from guanxi.kernel.admin.forget import BYTES_KIND
from guanxi.kernel.admin.people import seed_roles
from guanxi.kernel.admin.settings import store_setting
from guanxi.kernel.catalog.model import App
from guanxi.kernel.changes.feed import follow
from guanxi.kernel.changes.log_file import export_log
from guanxi.kernel.changes.replay import refuse_unfitting, replay
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.doctor import rounds as doctor
from guanxi.kernel.duplicates import search as duplicate_search
from guanxi.kernel.imports import jobs as import_jobs
from guanxi.kernel.jobs.queue import JobRun
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.quality import keep as quality
from guanxi.kernel.records import bulk, export_jobs, merge, rekey, rollup_fill, search_rebuild, sharing_jobs, undo_jobs
from guanxi.kernel.records.rollup_follower import rollup_follower
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.storage.aside import set_aside
from guanxi.kernel.storage.backup import Manifest, read_manifest, restore, verify
from guanxi.kernel.storage.crypt import Key, is_sealed
from guanxi.kernel.storage.database import open_database
from guanxi.kernel.storage.house import Workspace, open_house
from guanxi.kernel.storage.install import install
from guanxi.kernel.storage.keyring import Ring
from guanxi.kernel.storage.level import refuse_other_level
from guanxi.settings import Settings, read_settings

APPS: tuple[App, ...] = (CORE, CUSTOMERS, SALES, COLLABORATION, CONSENTS)
FOLLOWERS = (rollup_follower, search_follower)
JOBS: dict[str, Callable[[Space, JobRun], None]] = {
    **{kind: partial(backing.run_job, kind) for kind in backing.KINDS},
    undo_jobs.KIND: undo_jobs.run_undo,
    import_jobs.KIND: import_jobs.run_import,
    duplicate_search.KIND: duplicate_search.run_search,
    bulk.KIND: bulk.run_bulk,
    merge.KIND: merge.run_merge,
    sharing_jobs.KIND: sharing_jobs.run_rule,
    export_jobs.KIND: export_jobs.run_export,
    rekey.KIND: rekey.run_rekey,
    search_rebuild.KIND: search_rebuild.run_rebuild,
    rollup_fill.KIND: rollup_fill.run_fill,
    doctor.KIND: doctor.run_doctor,
    keeping.KIND: keeping.run_keeping,
    watch.KIND: watch.watching(tell_alerts),
    BYTES_KIND: erasures.run_bytes,
    safekeeping.KIND: partial(safekeeping.run_backup, tell_failed_backup),
    whole.KIND: whole.run_export,
    quality.KIND: quality.run_quality,
}
JOBS[scan.KIND] = partial(scan.run_scan, lambda: surroundings(read_settings()))
SCHEDULES: tuple[Callable[[Space], Sequence[Schedule]], ...] = (  # the kernel's own jobs by the clock
    search_rebuild.search_schedules,
    rollup_fill.rollup_schedules,
    doctor.doctor_schedules,
    keeping.keeping_schedules,
    watch.watch_schedules,
    safekeeping.backup_schedules,
    scan.scan_schedules,
    duplicate_search.schedules,
    quality.quality_schedules,
)
MAIN, DEMO = "main", "demo"
IN_FOLDER = "sqlite:"  # the house's word for "data.db in the workspace's folder": the home folder may be moved
IN_DATABASE = "postgresql:"  # … and for "a schema of the database in the settings": no password is kept
HOST_SECONDS, RENEW_SECONDS = 30.0, 120.0
log = structlog.get_logger("guanxi.site")


def open_space(
    url: str,
    folder: Path,
    *,
    name: str = MAIN,
    schema: str | None = None,
    apps: tuple[App, ...] = APPS,
    node: int = 0,
    last_ms: int = 0,
    clock: Callable[[], int] = now_micros,
    ids: IdSource | None = None,
) -> Space:
    """Opens a workspace; a new database gets its tables, roles and the apps' first rows."""
    database = open_database(url, folder, schema)
    try:
        with database.write(catalog_change=True) as session:
            refuse_other_level(session)
            install(session, apps)
    except BaseException:
        database.close()
        raise
    space = Space(name, folder, database, ids or IdSource(node, clock, last_ms), apps, clock)
    _seed(space)
    return space


def _seed(space: Space) -> None:
    with space.read(system("start")) as work:
        done = set(work.catalog.settings.get("seeded", ()))
    if done.issuperset(app.name for app in space.apps):
        rollup_fill.begin(space, fresh=False)
        return
    with space.write(system("first rows of a workspace"), entry="cli", kind="seed") as work:
        for app in space.apps:
            if app.name == CORE.name and app.name not in done:
                seed_roles(work)
            elif app.seed is not None and app.name not in done:
                app.seed(work)
        store_setting(work, "seeded", [app.name for app in space.apps])
    rollup_fill.begin(space, fresh=not done)


class Site:
    """Everything one process has open: the house, its node number, workspaces on demand. Safe from many threads."""

    def __init__(self, settings: Settings, *, default: str = MAIN) -> None:
        self.settings, self.default = settings, default
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # records, files, backups: nobody else reads them
        url = settings.database_url or ""
        self.house = open_house(settings.home, url if url.startswith("postgresql:") else None)
        self.node = self.house.lease_node(f"{socket.gethostname()}:{os.getpid()}:{id(self)}")
        self._spaces: dict[str, Space] = {}
        self._hosts: dict[str, tuple[float, str]] = {}
        self._lock, self._closed = Lock(), Event()
        Thread(target=self._keep_node, name="guanxi-node", daemon=True).start()

    def workspaces(self) -> list[str]:
        """Names of all workspaces there are."""
        return [known.name for known in self.house.workspaces()]

    def open(self, name: str = MAIN, *, create: bool = False) -> Space:
        """The workspace of that name, opened once per process."""
        with self._lock:
            known = self._spaces.get(name)
            if known is None:
                known = self._spaces[name] = self._open(name, create)
        return known

    def _open(self, name: str, create: bool) -> Space:
        places = {known.name: known for known in self.house.workspaces()}
        place = places.get(name)
        if place is None:
            if not create:
                raise NotFound(msg("There is no workspace «{name}» yet. Start with: guanxi setup", name=name))
            place = self._add(name)
        folder = self.settings.home / place.folder
        space = open_space(self._url(place, folder), folder, name=name, schema=place.schema, ids=self.node.ids)
        self._finish_erasures(self._tied(space))
        return space

    def _finish_erasures(self, space: Space) -> None:
        """A process that was killed over an erasure had registered it; the next one carries it out."""
        try:
            erasures.replay(space, self._register(space.name))
        except Exception:  # a workspace opens also when an erasure must wait, for the end of an import say
            log.exception("erasure not finished", workspace=space.name)

    def _tied(self, space: Space) -> Space:
        """With what is kept outside of the workspace: the register of erasures, the anchors of its logs."""
        space.register_erasure = partial(self.house.note_erasure, space.name)
        if self.settings.keys is not None:
            space.db.ring = Ring(self.settings.keys / f"{space.name}.json")
        space.anchors = (self.settings.anchors or self.settings.home / "anchors") / f"{space.name}.log"
        return space

    def _add(self, name: str) -> Workspace:
        url = self.settings.database_url or ""
        if url.startswith("postgresql:"):
            return self.house.add(name, IN_DATABASE, name, f"guanxi_{name}")
        return self.house.add(name, url if url and name == MAIN else IN_FOLDER, name)

    def _url(self, place: Workspace, folder: Path) -> str:
        if place.url == IN_FOLDER:
            return f"sqlite:///{folder / 'data.db'}"
        if place.url == IN_DATABASE:
            return self.settings.database_url or ""
        return place.url

    def space(self, request: Any) -> Space:
        """The workspace of a request: by its host, else the default one."""
        host = str(request.headers.get("host", "")).partition(":")[0].lower()
        known = self._hosts.get(host)
        if known is None or known[0] < monotonic():
            if len(self._hosts) > 1_000:  # a stranger may send any host
                self._hosts.clear()
            known = self._hosts[host] = (monotonic() + HOST_SECONDS, self.house.by_host(host) or self.default)
        return self.open(known[1])

    def _keep_node(self) -> None:
        while not self._closed.wait(RENEW_SECONDS):
            try:
                self.renew()
            except Exception:  # the lease outlives several failed renewals
                log.exception("node number not renewed", node=self.node.ids.node)

    def renew(self) -> None:
        """Keeps the node number; a process that slept so long that it lost it goes on with a new one."""
        try:
            self.house.renew_node(self.node)
        except Conflict:
            with self._lock:
                self.node = self.house.lease_node(self.node.holder)
                for space in self._spaces.values():
                    space.ids = self.node.ids

    def close(self) -> None:
        """Closes all databases; the node number is free at once."""
        self._closed.set()
        for space in self._spaces.values():
            space.db.close()
        self._spaces.clear()
        self.house.release_node(self.node)
        self.house.close()

    def worker(self, names: Sequence[str] = ()) -> Worker:
        """The background loops over those workspaces; none named: all there are, new ones too."""
        wanted = tuple(names)
        return Worker(lambda: [self.open(name) for name in wanted or self.workspaces()], JOBS, FOLLOWERS, SCHEDULES)

    @contextmanager
    def raw(self, name: str, *, create: bool = False) -> Iterator[Space]:
        """A workspace as it lies there: nothing is added, no step is asked for. Not for serving."""
        place = {known.name: known for known in self.house.workspaces()}.get(name)
        if place is None:
            if not create:
                raise NotFound(msg("There is no workspace «{name}» yet. Start with: guanxi setup", name=name))
            place = self._add(name)
        folder = self.settings.home / place.folder
        database = open_database(self._url(place, folder), folder, place.schema)
        try:
            yield self._tied(Space(name, folder, database, self.node.ids, APPS))
        finally:
            with suppress(Problem):  # it was put aside, and is closed
                database.close()

    def restore(self, name: str, source: Path, *, key: Key | None = None, log: Path | None = None) -> Manifest:
        """Fills a workspace that is still empty from an archive, and brings it up to the end of a log."""
        log_key = key if log is not None and is_sealed(log) else None
        if log is not None:
            refuse_unfitting(read_manifest(source, key), log, log_key)
        with self.raw(name, create=True) as space:
            manifest = restore(space.db, source, lambda session: install(session, APPS), key=key)
            if log is not None:
                replay(space.db, log, APPS, key=log_key)
            register = self._register(name)
            for line in read_manifest(log, log_key).erasures if log is not None else ():
                if line not in register:
                    self.house.note_erasure(name, line)
            erasures.after_restore(space, self._register(name))
        return manifest

    def _register(self, name: str) -> list[str]:
        return [what for what, _ in self.house.erasures(name)]

    def export_log(self, name: str, target: Path, since: Manifest | None, *, key: Key | None = None) -> Manifest:
        """What a backup lacks, from the log alone; with the register of erasures, which lies in the house."""
        with self.raw(name) as space:
            return export_log(space.db, target, since, key=key, erasures=self._register(name))

    def go_back(self, name: str, source: Path, *, key: Key | None = None) -> str:
        """Puts the workspace as it is aside and the archive in its place; gives what the old one is called now."""
        verify(source, key)
        with self.raw(name) as space:
            aside = set_aside(space.db)
        self.restore(name, source, key=key)
        return aside

    def samples(self, space: Space) -> int:
        """Loads the sample company, searchable and added up at once; gives the operation that can be undone."""
        operation = load_samples(space)
        for make in FOLLOWERS:
            follow(space.db, make(space))
        with space.db.write() as session:  # what is looked at by night is there on the first day
            quality.ask_for(session)
            duplicate_search.ask_for(session, full=True)
        return operation

    def serve(self, host: str, port: int, processes: int, ready: Callable[[str], None]) -> None:
        """Answers requests until told to stop; `ready` is called with the address when it listens."""
        serve(self, host, port, processes, ready)


def surroundings(settings: Settings) -> scan.Surroundings:
    """What the security check cannot know from the database."""
    return scan.Surroundings(
        settings.host,
        settings.base_url or f"http://127.0.0.1:{settings.port}",
        settings.secure or settings.https == "on",
        settings.log_level == "debug",
    )


def create_app(site: Site, *, own: bool = False) -> ASGIApp:
    """The web application of this process: pages at `/`, the API at `/api/v1`; closes the site if it is its own."""
    from guanxi.entrypoints.api.app import create_api  # other commands start faster without it
    from guanxi.entrypoints.watch.front import Front
    from guanxi.entrypoints.web.app import create_web
    from guanxi.entrypoints.web.routes import ROUTES

    @asynccontextmanager
    async def life(_app: Router) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = site.settings.threads
        yield
        if own:
            site.close()

    parts = Router([Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))], lifespan=life)
    return Front(parts, site)


def app_of_child() -> ASGIApp:
    """What each of several web processes runs; settings come through the environment."""
    settings = read_settings()
    configure_logs(settings)
    start_tracing(settings.traces)
    return create_app(Site(settings, default=os.environ.get("GUANXI_WORKSPACE", MAIN)), own=True)


def serve(site: Site, host: str, port: int, processes: int, ready: Callable[[str], None]) -> None:
    """One process in this one, or several below it."""
    import uvicorn  # other commands start faster without it
    from uvicorn.supervisors import Multiprocess

    settings = site.settings
    start_tracing(settings.traces)
    several = processes > 1
    config = uvicorn.Config(
        "guanxi.bootstrap:app_of_child" if several else create_app(site),
        factory=several,
        host=host,
        port=port,
        workers=processes,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies or None,
        timeout_graceful_shutdown=10,
    )
    listening = config.bind_socket()
    # uvicorn's own socket makes asyncio leave Nagle's delay on: 40 ms for every answer on a kept connection
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen(config.backlog)  # whoever is told the address may connect at once
    shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    ready(f"http://{shown}:{listening.getsockname()[1]}/")
    if not several:
        uvicorn.Server(config).run(sockets=[listening])
        return
    os.environ["GUANXI_HOME"] = str(settings.home)
    os.environ["GUANXI_WORKSPACE"] = site.default
    if settings.database_url:
        os.environ["GUANXI_DATABASE_URL"] = settings.database_url
    with tempfile.TemporaryDirectory(prefix="guanxi-metrics-") as folder:  # where the processes add up their figures
        os.environ[TOGETHER] = folder
        Multiprocess(config, sockets=[listening]).run()


def main(argv: Sequence[str] | None = None) -> int:
    """The command `guanxi`."""
    return run_command(argv, Site)
