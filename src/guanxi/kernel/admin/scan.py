"""The security check: weak settings, people without a second factor, old backups, headers, packages; a dated report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from guanxi.base.errors import Message, msg
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.passwords import check_password, stored_hash, user_by_email
from guanxi.kernel.access.policy import policy_of
from guanxi.kernel.access.second_factor import who_has
from guanxi.kernel.admin.outside import found_in_packages, found_in_versions, found_on_line
from guanxi.kernel.context import Space, Work
from guanxi.kernel.jobs.queue import JobRun
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.storage import scan_tables  # noqa: F401 - the tables of this module
from guanxi.kernel.storage.backups import good_runs
from guanxi.kernel.storage.keyring import KeyMissing, opened
from guanxi.kernel.storage.session import Session

KIND, SCHEDULE = "security_scan", "kernel.security_scan"
KEEP = 60  # reports
DAY = 86_400_000_000
OLD_BACKUP, OLD_TOKEN, OLD_KEY = 8 * DAY, 400 * DAY, 366 * DAY
DEMO = ("demo@guanxi.example", "guanxi-demo")
HIGH, MEDIUM, LOW, OPEN = "high", "medium", "low", "not_checked"


class Finding(msgspec.Struct, frozen=True):
    """One thing to mend, or one that could not be looked at. `text` is English with gaps, translated when shown."""

    code: str
    grade: str
    text: str
    params: dict[str, str] = {}

    @property
    def message(self) -> Message:
        return msg(self.text, **self.params)


class Report(msgspec.Struct, frozen=True):
    """What was found, and what was looked at."""

    at: int
    findings: list[Finding]
    checked: list[str]

    @property
    def open(self) -> list[Finding]:
        """What is to be mended."""
        return [f for f in self.findings if f.grade != OPEN]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What only the process knows."""

    host: str = "127.0.0.1"
    address: str = ""  # where the server answers; empty: not asked
    https: bool = False
    debug: bool = False
    packages: bool = True  # ask for known holes: needs the network or a stored database


def make_report(space: Space, around: Surroundings) -> Report:
    """Runs all checks; one that cannot be run says so."""
    findings: list[Finding] = []
    checked: list[str] = []
    with space.read(system("security check"), timeout=20.0) as work:
        for name, check in CHECKS:
            checked.append(name)
            findings += check(work, around)
    for name, found in (
        ("headers", found_on_line(around.address)),
        ("versions", found_in_versions()),
        ("packages", found_in_packages() if around.packages else [("packages", OPEN, NOT_ASKED, {})]),
    ):
        checked.append(name)
        findings += [Finding(*one) for one in found]
    order = (HIGH, MEDIUM, LOW, OPEN)
    return Report(space.clock(), sorted(findings, key=lambda f: order.index(f.grade)), checked)


NOT_ASKED = "Known holes in packages were not asked for."


def _server(_work: Work, around: Surroundings) -> Iterator[Finding]:
    if around.debug:
        yield Finding("debug", MEDIUM, "The log is set to debug: it grows fast and tells much. Set GUANXI_LOG_LEVEL.")
    if not around.https and around.host not in ("127.0.0.1", "::1", "localhost"):
        yield Finding("http", HIGH, "The server takes plain HTTP from other machines. Set GUANXI_HTTPS=on.")


def _demo(work: Work, _around: Surroundings) -> Iterator[Finding]:
    user = user_by_email(work.catalog, DEMO[0])
    stored = stored_hash(work.session, user) if user is not None else None
    if stored is not None and check_password(DEMO[1], stored):
        yield Finding("demo_password", HIGH, "{email} has the password of the sample company. Change it.",
                      {"email": DEMO[0]})  # fmt: skip


def _factors(work: Work, _around: Surroundings) -> Iterator[Finding]:
    people = [i for i, row in work.catalog.config["user"].items() if row["active"]]
    equipped = who_has(work.session, work.catalog)
    bare = [i for i in people if i not in equipped and load_actor(work.catalog, i).rights.admin]
    if bare:
        yield Finding("admin_factor", HIGH, "{n} administrators have no second factor.", {"n": str(len(bare))})
    if policy_of(work.catalog).needs == "nobody":
        yield Finding("factor", LOW, "Nobody is asked for a second factor. See Settings, Signing in.")
    if not policy_of(work.catalog).networks:
        yield Finding("networks", LOW, "People may sign in from every network. See Settings, Signing in.")


def _backups(work: Work, _around: Surroundings) -> Iterator[Finding]:
    last = newest_backup(work.session)
    if last is None:
        yield Finding("backup", HIGH, "There is no backup. See Settings, Backups.")
    elif last + OLD_BACKUP < work.now:
        days = str((work.now - last) // DAY)
        yield Finding("backup", HIGH, "The newest backup is {n} days old.", {"n": days})


def newest_backup(session: Session) -> int | None:
    """When the last good one was made."""
    return max((run.at for run in good_runs(session)), default=None)


def _tokens(work: Work, _around: Surroundings) -> Iterator[Finding]:
    table = work.session.table("token")
    alive = f"FROM {table} WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
    old = work.session.value(f"SELECT count(*) {alive} AND created_at < ?", (work.now, work.now - OLD_TOKEN))
    endless = work.session.value(f"SELECT count(*) {alive} AND expires_at IS NULL", (work.now,))
    if old:
        yield Finding("old_tokens", MEDIUM, "{n} API tokens are older than a year. Make new ones.", {"n": str(old)})
    if endless:
        yield Finding("endless_tokens", LOW, "{n} API tokens never end.", {"n": str(endless)})


def _passwords(work: Work, _around: Surroundings) -> Iterator[Finding]:
    if policy_of(work.catalog).life_hours > 720:
        yield Finding("sessions", LOW, "Sessions last longer than 30 days. See Settings, Signing in.")


def _keys(work: Work, _around: Surroundings) -> Iterator[Finding]:
    """Keys of encrypted fields: there, and not too old."""
    try:
        used, keys = opened(work.space.db.ring, work.session), work.space.db.ring.read()
    except KeyMissing:
        yield Finding("keys", HIGH, "The file with the keys of encrypted fields is missing. Bring it back.")
        return
    if used and keys is not None and keys.current.made + OLD_KEY < work.now:
        yield Finding("old_key", MEDIUM, "The newest key of encrypted fields is older than a year: guanxi keys rotate")


Check = Callable[[Work, Surroundings], Iterator[Finding]]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("server", _server), ("demo", _demo), ("factors", _factors), ("backups", _backups), ("tokens", _tokens),
    ("sessions", _passwords), ("keys", _keys),
)  # fmt: skip


def keep_report(space: Space, report: Report) -> None:
    """Stores it and lets the oldest go."""
    with space.db.write() as session:
        session.insert("scan_report", ("at", "body"), [(report.at, msgspec.json.encode(report).decode())])
        table = session.table("scan_report")
        session.run(f"DELETE FROM {table} WHERE id NOT IN (SELECT id FROM {table} ORDER BY id DESC LIMIT ?)", (KEEP,))


def last_report(session: Session) -> Report | None:
    """The newest one."""
    body = session.value(f"SELECT body FROM {session.table('scan_report')} ORDER BY id DESC LIMIT 1")
    return msgspec.json.decode(str(body), type=Report) if body is not None else None


def run_scan(around: Callable[[], Surroundings], space: Space, _run: JobRun) -> None:
    """The weekly job."""
    keep_report(space, make_report(space, around()))


def scan_schedules(_space: Space) -> list[Schedule]:
    """Monday before work."""
    return [Schedule(SCHEDULE, "20 4 * * 1", KIND, queue="bulk")]
