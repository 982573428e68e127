"""Merging on a page: the records side by side, a choice per field that differs, what comes out and what moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.web.posting import NONE, Errors, posted, text_of
from guanxi.entrypoints.web.records.desk import number_of, speaking
from guanxi.entrypoints.web.records.values import EMPTY, show_row
from guanxi.entrypoints.web.render import label, plural, t
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, see_other
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.aliases import winner_of
from guanxi.kernel.records.lines import live_lines
from guanxi.kernel.records.merge import KIND, MOST, Merge, merge
from guanxi.kernel.records.merge_fields import (
    OWNER,
    UNITED,
    best,
    choosable,
    fullest,
    in_order,
    line_source,
    may_choose_owner,
    united,
)
from guanxi.kernel.records.merge_links import Party, count_links
from guanxi.kernel.records.read import get, references, rows_of, target_of
from guanxi.kernel.records.shape import OWNED, FieldShape
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.verbs import verbs_on

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

UNITE = "all"
TYPED = ("text", "long_text", "email", "phone", "url")


@dataclass(frozen=True, slots=True)
class Column:
    """One of the records: its name, how full it is, and what hangs on it."""

    id: int
    title: str
    owner: str
    changed: int
    filled: int
    moves: str
    version: int
    locked: str  # why it cannot be merged away, if so


@dataclass(frozen=True, slots=True)
class Choice:
    """What one record says about a field."""

    record: int
    value: Markup
    empty: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A field on which the records differ."""

    name: str
    label: str
    choices: Sequence[Choice]
    unite: Markup | None  # sets: everything together
    result: Markup
    typed: bool
    given: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the page shows."""

    target: Object
    winner: int
    columns: Sequence[Column]
    lines: Sequence[Line]
    same: Sequence[tuple[str, Markup]]


def show_merge(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """`/merge/{object}?ids=1,2,3`; with fewer than two records it asks for more."""
    me = visit(request)
    picked = text_of(given, "ids") if given is not None else request.query_params.get("ids", "")
    asked = [number_of(i) for i in f"{picked},{request.query_params.get('add', '')}".split(",") if i.strip()]
    ids = list(dict.fromkeys(asked))
    if len(ids) > MOST:
        raise BadInput(msg("Choose 2 to {n} different records to merge.", n=MOST))
    with me.space.read(me.user) as work, speaking(me.locale):
        target = target_of(work, str(request.path_params["object"]))
        if target.kind not in OWNED or target.access == "personal":
            raise NotFound
        wanted = number_of(request.query_params.get("keep") or 0) if request.query_params.get("keep") else 0
        table = table_of(work, me, target, ids, given, wanted)
        return page(
            request, "merge/page.html", me, status=status, active=target.name, target=target, table=table,
            ids=",".join(str(c.id) for c in table.columns), errors=errors, most=MOST,
        )  # fmt: skip


def table_of(
    work: Work, me: Visit, target: Object, ids: Sequence[int], given: FormData | None, wanted: int = 0
) -> Table:
    """The records the caller may see, as columns; lines only where two or more differ."""
    rows = rows_of(work, target.name, ids)
    if not rows:
        raise NotFound
    known = [k for k in choosable(work, target) if k.names[0] in next(iter(rows.values()))]
    winner = wanted if wanted in rows else fullest(known, list(rows.values()))
    if given is not None and text_of(given, "winner").isdigit() and int(text_of(given, "winner")) in rows:
        winner = int(text_of(given, "winner"))
    ordered = in_order(list(rows.values()), winner)
    shown = [rows[i] for i in ids if i in rows]
    names = references(work, target, shown, [k.field.name for k in known] + [OWNER])
    lines: list[Line] = []
    same: list[tuple[str, Markup]] = []
    for one in known:
        values = {tuple(row[c] for c in one.logged) for row in shown}
        if len(values) > 1:
            lines.append(_line(work, me, target, one, shown, ordered, names, given))
        elif shown[0][one.names[0]] is not None:
            same.append((label(one.field.label), show_row(work, target, one.field, shown[0], names, me.locale)))
    if len({row[OWNER] for row in shown}) > 1 and may_choose_owner(work, target):
        lines.insert(0, _owner_line(work, shown, winner, given))
    lines += _line_tables(work, target, shown, ordered, given)
    columns = [_column(work, target, row, known) for row in shown]
    return Table(target, winner, columns, lines, same)


def _column(work: Work, target: Object, row: Row, known: Sequence[FieldShape]) -> Column:
    ident = int(row["id"])
    party = Party(target, 0, (ident,))
    objects = work.catalog.objects
    hanging = [(objects[name], n) for name, n in count_links(work, party).items()]
    counts = [
        t("{n} {objects}", n=n, objects=label(o.plural if n != 1 else o.label))
        for o, n in hanging
        if o.area or o.timeline
    ]
    verbs = verbs_on(work, target, ident)
    locked = "" if {"edit", "delete"} <= verbs else t("Not yours to change or delete")
    title = row.get(work.catalog.field(target, target.title).column)
    owner = work.catalog.config["user"].get(row.get(OWNER) or 0, {}).get("name") or ""
    filled = sum(row.get(k.names[0]) is not None for k in known)
    return Column(ident, str(title or f"#{ident}"), str(owner), row["updated_at"], filled, t(", ").join(counts[:4]),
                  row["version"], locked)  # fmt: skip


def _line(
    work: Work,
    me: Visit,
    target: Object,
    known: FieldShape,
    shown: Sequence[Row],
    ordered: Sequence[Row],
    names: Mapping[str, Mapping[int, str]],
    given: FormData | None,
) -> Line:
    name = known.field.name
    sets = known.field.type in UNITED
    picked = text_of(given, f"from__{name}") if given is not None else ""
    default = UNITE if sets else str(best(known, ordered)["id"])
    picked = picked or default

    def value(row: Row) -> Markup:
        return show_row(work, target, known.field, row, names, me.locale)

    choices = [_choice(row, value(row), picked) for row in shown]
    together = None
    if sets:
        by_id = {row["id"]: row for row in ordered}
        together = value({**ordered[0], known.names[0]: united(known, ordered, target.name, by_id)})
    result = together if picked == UNITE and together is not None else next(c.value for c in choices if c.chosen)
    typed = text_of(given, f"value__{name}") if given is not None else ""
    return Line(name, label(known.field.label), choices, together, result, known.field.type in TYPED, typed)


def _choice(row: Row, value: Markup, picked: str) -> Choice:
    return Choice(int(row["id"]), value, value == EMPTY, picked == str(row["id"]))


def _owner_line(work: Work, shown: Sequence[Row], winner: int, given: FormData | None) -> Line:
    people = work.catalog.config["user"]
    picked = (text_of(given, f"from__{OWNER}") if given is not None else "") or str(winner)

    def value(row: Row) -> Markup:
        name = people.get(row[OWNER] or 0, {}).get("name")
        return Markup("{}").format(name) if name else EMPTY

    choices = [_choice(row, value(row), picked) for row in shown]
    return Line(OWNER, t("Owner"), choices, None, next(c.value for c in choices if c.chosen), False)


def _line_tables(
    work: Work, target: Object, shown: Sequence[Row], ordered: Sequence[Row], given: FormData | None
) -> list[Line]:
    """The lines of documents are taken from one of them, whole."""
    found: list[Line] = []
    for name in target.lines:
        line = work.catalog.object(name)
        if work.actor.rights.scope(name, "read") == "none":
            continue
        known = live_lines(work, line, [row["id"] for row in shown])
        if not any(known.values()):
            continue
        picked = (text_of(given, f"from__{name}") if given is not None else "") or str(line_source(known, ordered))
        counted = {row["id"]: len(known.get(row["id"], {})) for row in shown}
        texts = {i: Markup("{}").format(t(plural(n, "{n} line", "{n} lines"), n=n)) for i, n in counted.items()}
        choices = [_choice(row, texts[row["id"]] if counted[row["id"]] else EMPTY, picked) for row in shown]
        found.append(Line(name, label(line.plural), choices, None, next(c.value for c in choices if c.chosen), False))
    return found


def wish_of(name: str, form: FormData) -> Merge:
    """The form as a wish."""
    ids = [number_of(i) for i in text_of(form, "ids").split(",") if i]
    winner = number_of(text_of(form, "winner") or "0")
    chosen: dict[str, int] = {}
    values: dict[str, Any] = {}
    versions: dict[int, int] = {}
    for key in form:
        kind, _, field = key.partition("__")
        text = text_of(form, key)
        if kind == "value" and text:
            values[field] = text
        elif kind == "from" and text and text != UNITE:
            chosen[field] = number_of(text)
        elif kind == "version":
            versions[number_of(field)] = number_of(text)
    chosen = {field: ident for field, ident in chosen.items() if field not in values}
    return Merge(name, winner, tuple(i for i in ids if i != winner), values, chosen, versions)


def run_merge(request: Request, me: Visit, form: FormData) -> Response:
    """Merges, and goes to the record that is left."""
    name = str(request.path_params["object"])
    with me.space.write(me.user, kind=KIND) as work, speaking(me.locale):
        wish = wish_of(target_of(work, name).name, form)
        done = merge(work, wish)
        n = len(wish.losers) + 1
        note = t("{n} records are one now.", n=n)
        if done.waiting:
            note += " " + t("What points at them is still moving; that takes a moment.")
    return see_other(f"/o/{name}/{wish.winner}", note=note, undo=f"/operations/{done.operation}/undo")


def lead(request: Request) -> Response | None:
    """The way to what the merged record of the address is now, if the caller may see it."""
    me = visit(request)
    with me.space.read(me.user) as work:
        target = target_of(work, str(request.path_params["object"]))
        winner = winner_of(work, target, number_of(request.path_params["id"]))
        if winner is None:
            return None
        get(work, target.name, winner)
    return go(f"/o/{target.name}/{winner}", request)


ROUTES = [
    Route("/merge/{object}", show_merge, methods=["GET"]),
    Route("/merge/{object}", posted(run_merge, show_merge, who=visit), methods=["POST"]),
]
