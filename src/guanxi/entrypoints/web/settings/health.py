"""Two pages for administrators: how background work goes, with its failed jobs; and the last security check."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.watching import counts
from guanxi.entrypoints.web.posting import administrator, ident_of, speaker
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.health import dead_jobs, discard_job, figures, readiness, retry_jobs
from guanxi.kernel.admin.scan import KIND, last_report, newest_backup
from guanxi.kernel.jobs.queue import enqueue

PLACE, CHECK = "/settings/health", "/settings/security-check"
STATES = ("ready", "running", "dead", "done")


def show_health(request: Request) -> Response:
    """Worker, followers, jobs, answers of this process."""
    me = administrator(request)
    numbers, state = figures(me.space), readiness(me.space)
    with me.space.read(me.user) as work:
        dead = dead_jobs(work.session)
        backup = newest_backup(work.session)
    jobs = {state: sum(n for (_, s), n in numbers.jobs.items() if s == state) for state in STATES}
    return setting_page(request, me, "health", PLACE, numbers=numbers, state=state, dead=dead, jobs=jobs,
                        backup=backup, served=counts())  # fmt: skip


def retry(request: Request, me: Visit, _form: FormData) -> Response:
    """One failed job from the start."""
    with me.space.db.write() as session:
        retry_jobs(session, ident_of(request))
    return see_other(PLACE, note=speaker(me.locale)("The job runs again"))


def retry_all(_request: Request, me: Visit, _form: FormData) -> Response:
    """All of them."""
    with me.space.db.write() as session:
        n = retry_jobs(session)
    return see_other(PLACE, note=speaker(me.locale)("Jobs that run again: {n}", n=n))


def discard(request: Request, me: Visit, _form: FormData) -> Response:
    """It will not be done."""
    with me.space.db.write() as session:
        discard_job(session, ident_of(request))
    return see_other(PLACE, note=speaker(me.locale)("The job was taken out of the list"))


def show_check(request: Request) -> Response:
    """What the last check found."""
    me = administrator(request)
    with me.space.read(me.user) as work:
        report = last_report(work.session)
    lines = [(f.grade, sentence(f.message, me.locale)) for f in report.findings] if report else []
    return setting_page(request, me, "security_check", CHECK, report=report, lines=lines)


def check_now(_request: Request, me: Visit, _form: FormData) -> Response:
    """Puts a check in the queue: asking for known holes may take a minute."""
    with me.space.db.write() as session:
        enqueue(session, KIND, queue="bulk", dedupe=KIND)
    return see_other(CHECK, note=speaker(me.locale)("The check runs; its report is here in a minute"))
