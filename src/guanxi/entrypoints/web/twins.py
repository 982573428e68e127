"""The queue of possible duplicates: records side by side with what they have in common; merge, or not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import posted, speaker, texts_of
from guanxi.entrypoints.web.records.desk import speaking
from guanxi.entrypoints.web.records.values import EMPTY, show_row
from guanxi.entrypoints.web.render import label, sentence
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.duplicates.pairs import Cluster, clusters, set_apart
from guanxi.kernel.duplicates.search import ask_for, state_of
from guanxi.kernel.matching.plan import plan_of
from guanxi.kernel.matching.score import MatchPlan, judge
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import references, rows_of, target_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.verbs import verbs_on

BESIDE = 4  # records shown beside each other; the others of a cluster follow in the merge


@dataclass(frozen=True, slots=True)
class Line:
    """One field of all records of a cluster."""

    label: str
    values: tuple[Markup, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Twins:
    """One cluster as the page shows it."""

    ids: tuple[int, ...]
    score: int
    titles: tuple[str, ...]
    reasons: tuple[str, ...]
    lines: tuple[Line, ...]
    more: int
    may_merge: bool

    @property
    def listed(self) -> str:
        return ",".join(map(str, self.ids))


def show_queue(request: Request) -> Response:
    """The best clusters of which the visitor sees every record."""
    me = visit(request)
    name = request.path_params["object"]
    with me.space.read(me.user) as work, speaking(me.locale):
        target = target_of(work, name)
        plan = plan_of(work.catalog, target)
        if plan is None:
            raise NotFound
        found, more = clusters(work, name)
        fields = fields_for(work, target, plan)
        twins = [t for c in found if (t := _twins(work, me, target, plan, fields, c)) is not None]
        state = state_of(work.session, target)
        others = [o for o in work.catalog.objects.values() if o.matching and _may_look(work, o)]
        return page(request, "duplicates/queue.html", me, active=name, target=target, twins=twins, more=more,
                    state=state, others=others)  # fmt: skip


def _may_look(work: Work, target: Object) -> bool:
    return work.actor.rights.scope(target.name, "read") != "none"


def fields_for(work: Work, target: Object, plan: MatchPlan) -> list[Field]:
    """What is compared, then what the list shows; as far as the visitor is shown it."""
    allowed = shown(work, target)
    names = [target.title, *(n for part in plan.compare for n in part.names), *target.columns, "owner", "created_at"]
    return [allowed[n] for n in dict.fromkeys(names) if n in allowed]


def _twins(
    work: Work, me: Visit, target: Object, plan: MatchPlan, fields: list[Field], cluster: Cluster
) -> Twins | None:
    rows = rows_of(work, target.name, cluster.ids[:BESIDE], [f.name for f in fields])
    kept = [rows[i] for i in cluster.ids[:BESIDE] if i in rows]
    if len(kept) < 2:
        return None
    names = references(work, target, kept, [f.name for f in fields])
    lines = []
    for field in fields:
        values = tuple(show_row(work, target, field, row, names, me.locale) for row in kept)
        if any(v != EMPTY for v in values):
            lines.append(Line(label(field.label), values, len(set(values)) > 1))
    reasons = _reasons(work, target, plan, kept)
    verbs = verbs_on(work, target, kept[0]["id"])
    title = work.catalog.field(target, target.title).column
    return Twins(
        cluster.ids, cluster.score, tuple(str(r.get(title) or f"#{r['id']}") for r in kept),
        tuple(sentence(r, me.locale) for r in reasons), tuple(lines), len(cluster.ids) - len(kept),
        {"edit", "delete"} <= verbs,
    )  # fmt: skip


def _reasons(work: Work, target: Object, plan: MatchPlan, rows: list[Row]) -> tuple[Any, ...]:
    """Of the first two; only what the visitor may read."""
    return judge(plan, rows[0], rows[1], frozenset(readable(work, target))).reasons


def not_the_same(request: Request, me: Visit, form: FormData) -> Response:
    """Remembers that these are different."""
    name = request.path_params["object"]
    ids = [int(i) for i in texts_of(form, "ids") if i.isascii() and i.isdigit() and len(i) < 20]
    with me.space.write(me.user, kind="duplicates") as work:
        set_apart(work, name, ids)
    return see_other(f"/duplicates/{name}", note=speaker(me.locale)("Noted: not the same."))


def search_now(request: Request, me: Visit, _form: FormData) -> Response:
    """Puts a search of what changed into the queue."""
    name = request.path_params["object"]
    with me.space.write(me.user, kind="duplicates") as work:
        target_of(work, name)
        ask_for(work.session)
    return see_other(f"/duplicates/{name}", note=speaker(me.locale)("The search runs; look again in a moment."))


ROUTES = [
    Route("/duplicates/{object}", show_queue, methods=["GET"]),
    Route("/duplicates/{object}/apart", posted(not_the_same, who=visit), methods=["POST"]),
    Route("/duplicates/{object}/search", posted(search_now, who=visit), methods=["POST"]),
]
