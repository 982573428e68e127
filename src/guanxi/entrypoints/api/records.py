"""Records over REST: list, create, read, change, trash, restore, count, group, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from guanxi.base.errors import BadInput, Conflict, Forbidden, NotFound, msg
from guanxi.entrypoints.api.call import Call, Done, encode, flag, reply, whole, words
from guanxi.entrypoints.api.duplicates import policy_of
from guanxi.entrypoints.api.merging import moved
from guanxi.entrypoints.api.problems import PreconditionFailed, VersionRequired
from guanxi.kernel.access.tokens import AGENT
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.parts import parse_id
from guanxi.kernel.records.duplicates import Policy
from guanxi.kernel.records.filters import readable, with_formulas
from guanxi.kernel.records.looks import note_record, note_rows
from guanxi.kernel.records.masks import veil_stored, veils
from guanxi.kernel.records.output import Converter, converter, references_json, values_of
from guanxi.kernel.records.read import MAX_LIMIT, chosen, count, find, get, references, target_of
from guanxi.kernel.records.sealing import open_rows, sealed_clear, sealed_of
from guanxi.kernel.records.types import Change, Query, Row, Saved
from guanxi.kernel.records.visibility import surely_sees
from guanxi.kernel.records.write import save

ASK = ("filter", "q", "trashed")
NOT_AFTER = 1_000  # lines of one document in an answer


class PageJson(msgspec.Struct, omit_defaults=True):
    """A page of a list; `next` and `previous` are cursors, null at the ends."""

    data: list[Any]
    next: str | None
    previous: str | None
    names: dict[str, dict[str, str]] | msgspec.UnsetType = msgspec.UNSET


def query_of(params: Mapping[str, str], name: str) -> Query:
    """The question that the parameters ask."""
    return Query(
        name,
        where=params.get("filter") or None,
        fields=words(params, "fields"),
        sort=words(params, "sort"),
        limit=whole(params, "limit", 50, 1, MAX_LIMIT),
        cursor=params.get("cursor") or None,
        trashed=flag(params, "trashed"),
        text=params.get("q") or None,
    )


def list_records(call: Call) -> Response:
    """One page; `names=true` adds the titles of everything the rows point at."""
    params = call.params(*ASK, "sort", "fields", "limit", "cursor", "names")
    name = call.path("object")
    with call.reading() as work:
        target = target_of(work, name)
        page = find(work, query_of(params, name))
        data = list(map(told_as(work, target, page.fields), page.rows))
        note_rows(work, target, page.rows, page.fields, entry=call.entry, address=call.address)
        answer = PageJson(data, page.next, page.previous)
        if flag(params, "names"):
            answer.names = references_json(references(work, target, page.rows, page.fields))
    return reply(answer)


def count_records(call: Call) -> Response:
    """How many match; counted up to 1,000 unless `exact=true`."""
    params = call.params(*ASK, "exact")
    with call.reading() as work:
        number, more = count(work, query_of(params, call.path("object")), 0 if flag(params, "exact") else 1_000)
    return reply({"count": number, "more": more})


def read_record(call: Call) -> Response:
    """One record, a document with its lines."""
    params = call.params("fields", "trashed")
    with call.reading() as work:
        target = target_of(work, call.path("object"))
        ident = call.id()
        names = [f.name for f in chosen(work, target, words(params, "fields"))]
        trashed = flag(params, "trashed")
        try:
            body, version = render(
                work, target, ident, names, trashed=trashed, lines="fields" not in params, address=call.address
            )
        except NotFound:
            return moved(call, work, target, ident)
    tag = f'"{version}"'
    if tag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    return _record(body, version)


def create_record(call: Call) -> Response:
    """
    A new record from a JSON object of field values; lines of a document under the name of their object. One that looks
    like a record that is there is refused with 409 and the candidates, unless `duplicates=allow`.
    """
    policy = policy_of(call.params("duplicates"))
    with call.writing() as work:
        target = target_for_writing(work, call.path("object"))

        def effect() -> Done:
            values, lines = split(target, call.object())
            return _done(saving(work, [Change("create", target.name, values, lines=lines)], duplicates=policy), 201)

        done = call.once(work, effect)
        response = rendered(work, target, done)
    base = call.request.url.path.rstrip("/")
    response.headers["Location"] = f"{base}/{done.answer['id']}"
    return response


def change_record(call: Call) -> Response:
    """Changes the fields that are sent; the version comes in `If-Match` or in the body."""
    call.params()
    with call.writing() as work:
        target = target_for_writing(work, call.path("object"))
        ident = call.id()

        def effect() -> Done:
            body = call.object()
            version, by_header = expected_version(call, body)
            values, lines = split(target, body)
            change = Change("edit", target.name, values, id=ident, version=version, lines=lines)
            return _done(saving(work, [change], by_header=by_header), 200)

        done = call.once(work, effect)
        return rendered(work, target, done)


def trash_record(call: Call) -> Response:
    """Puts the record into the trash, from where it can be had back."""
    call.params()
    with call.writing() as work:
        target = target_for_writing(work, call.path("object"))
        ident = call.id()
        version = match_of(call)

        def effect() -> Done:
            change = Change("trash", target.name, id=ident, version=version)
            return _done(saving(work, [change], by_header=True), 204)

        done = call.once(work, effect)
    return _marked(Response(status_code=204), done)


def restore_record(call: Call) -> Response:
    """Takes the record out of the trash."""
    call.params()
    with call.writing() as work:
        target = target_for_writing(work, call.path("object"))
        ident = call.id()
        done = call.once(work, lambda: _done(saving(work, [Change("restore", target.name, id=ident)]), 200))
        return rendered(work, target, done)


def _done(saved: Saved, status: int) -> Done:
    (outcome,) = saved.outcomes
    return Done(status, {"id": saved.id, "operation": saved.operation}, row=outcome.row)


def target_for_writing(work: Work, name: str) -> Object:
    """The object, if the caller may see any of it; lines are written with their document only."""
    target = target_of(work, name)
    if target.parent is not None:
        document = work.catalog.field(target, target.parent).options["to"][0]
        raise Forbidden(
            msg(
                "{lines} are saved with their document: send them under «{name}» of {object}.",
                lines=target.plural,
                name=target.name,
                object=work.catalog.object(document).label,
            )
        )
    return target


def split(target: Object, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Sequence[Change]]]:
    """Field values, and the lines of a document by the name of their object."""
    lines: dict[str, Sequence[Change]] = {
        name: _line_changes(name, body[name]) for name in target.lines if name in body
    }
    return {name: value for name, value in body.items() if name not in lines}, lines


def _line_changes(name: str, raw: Any) -> list[Change]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise BadInput(msg("«{name}» must be a list of objects.", name=name))
    return [_line_change(name, item) for item in raw]


def _line_change(name: str, item: dict[str, Any]) -> Change:
    """Without `id` a new line; with it a change of that line, or its removal by `"_op": "trash"`."""
    values = {key: value for key, value in item.items() if key not in ("id", "_op", "version")}
    op = item.get("_op")
    if op not in (None, "trash"):
        raise BadInput(msg("«{name}» must be one of: {known}.", name="_op", known="trash"))
    if "id" not in item:
        return Change("create", name, values)
    return Change("trash" if op == "trash" else "edit", name, {} if op == "trash" else values, id=id_in(item["id"]))


def id_in(raw: Any) -> int:
    """A record's id in a body."""
    try:
        return parse_id(raw)
    except ParseError as error:
        raise BadInput(error.message) from error


def match_of(call: Call) -> int | None:
    """The version in `If-Match`; None if there is none or it is `*`."""
    text = call.request.headers.get("if-match", "").strip()
    if text in ("", "*"):
        return None
    number = text.removeprefix("W/").strip('"')
    if number.isascii() and number.isdigit() and len(number) < 19:
        return int(number)
    raise BadInput(msg("If-Match must be the ETag of the record, like {example}.", example='"3"'))


def expected_version(call: Call, body: dict[str, Any]) -> tuple[int | None, bool]:
    """The version an edit was made from, and whether a header said so; `If-Match: *` overwrites whatever is there."""
    if call.request.headers.get("if-match", "").strip():
        body.pop("version", None)
        return match_of(call), True
    version = body.pop("version", None)
    if version is None:
        raise VersionRequired(
            msg("Send the version you read, as If-Match or as «version», so that nobody's change is lost.")
        )
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadInput(msg("«{name}» must be a whole number.", name="version"))
    return version, False


def saving(work: Work, changes: Sequence[Change], *, by_header: bool = False, duplicates: Policy = "allow") -> Saved:
    """Saves; a conflict shows the record as it is now, as far as the caller may read it."""
    try:
        return save(work, changes, duplicates=duplicates)
    except Conflict as conflict:
        row, name = conflict.extra.get("current"), conflict.extra.get("object")
        if row is not None and name is not None:
            target = work.catalog.object(name)
            shown = [
                f.name
                for f in (*readable(work, target).values(), *sealed_clear(work, target).values())
                if not f.hidden and f.type != "formula"
            ]
            row = dict(row)
            open_rows(work, target, sealed_of(target), [row])
            conflict.extra["current"] = values_of(work.catalog, target, row, shown)
        if by_header and row is not None:
            raise PreconditionFailed(conflict.message, errors=conflict.errors, **conflict.extra) from conflict
        raise


def render(
    work: Work,
    target: Object,
    ident: int,
    names: Sequence[str],
    *,
    trashed: bool = False,
    lines: bool = True,
    address: str = "",
) -> tuple[Any, int]:
    """The record as something to encode, and its version."""
    row = get(work, target.name, ident, trashed=trashed)
    note_record(work, target, row, names, entry=AGENT if AGENT in work.actor.scopes else "api", address=address)
    shown = told_as(work, target, names)(row)
    if not target.lines or not lines:
        return shown, row["version"]
    body = msgspec.json.decode(encode(shown))
    for name in target.lines:
        line = work.catalog.object(name)
        try:
            page = find(work, Query(name, f'{line.parent} == "{ident}"', sort=("id",), limit=NOT_AFTER))
        except NotFound:
            continue  # lines one may not read
        body[name] = list(map(told_as(work, line, page.fields), page.rows))
    return body, row["version"]


def rendered(work: Work, target: Object, done: Done) -> Response:
    """The record after the effect, as the caller may read it now; only its id if that is nothing."""
    ident = int(done.answer["id"])
    shown = chosen(work, target, ())
    names = [f.name for f in shown]
    row = _told_by(work, target, done.row, shown)
    try:
        if row is not None:
            body, version = told_as(work, target, names)(row), row["version"]
        else:
            body, version = render(work, target, ident, names)
    except NotFound:
        return _marked(reply({"id": str(ident)}, done.status), done)
    return _marked(_record(body, version, done.status), done)


def _told_by(work: Work, target: Object, row: Row | None, shown: Sequence[Field]) -> Row | None:
    """The row just stored, if it is the whole answer: no lines, certainly the caller's to see. Spares a question."""
    if row is None or target.lines or row["trashed_at"] is not None or not surely_sees(work, target, row):
        return None
    covered = veil_stored(work, target, row)
    return with_formulas(work, target, shown, covered) if covered is not None else None


def told_as(work: Work, target: Object, names: Sequence[str]) -> Converter:
    """Rows as JSON for this caller, masks included."""
    return converter(work.catalog, target, names, veiled=veils(work, target).keys())


def _record(body: Any, version: int, status: int = 200) -> Response:
    return reply(body, status, ETag=f'"{version}"')


def _marked(response: Response, done: Done) -> Response:
    """Which operation can be undone, and whether this is a second answer to the same request."""
    if done.answer and done.answer.get("operation"):
        response.headers["Guanxi-Operation"] = str(done.answer["operation"])
    if done.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
