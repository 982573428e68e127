"""Records as CSV, JSON lines or XLSX, page by page: memory stays flat, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, Forbidden, msg
from guanxi.base.i18n import Locale
from guanxi.base.money import plain_money
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.fields.registry import result_type
from guanxi.kernel.records.export_files import SHEET_ROWS, guarded, write_csv, write_xlsx
from guanxi.kernel.records.export_uses import NO_USE, Use, check_use, harmless, sifted, told
from guanxi.kernel.records.masks import shown, veils
from guanxi.kernel.records.output import converter
from guanxi.kernel.records.read import chosen, find, names, pointers, target_of
from guanxi.kernel.records.shape import REFERENCES, pointed_at, shape_of, targets_of
from guanxi.kernel.records.types import Query, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

Format = Literal["csv", "jsonl", "xlsx"]
Header = Literal["names", "labels"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "xlsx")
ALWAYS = ("id",)
LAST = ("owner", "team", "created_at", "updated_at")
SHOWN = frozenset({"choice", "multi_choice", "boolean", "datetime", "address", "tags"})  # with labels: as people read
NUMBERS = frozenset({"integer", "decimal", "percent"})
Titles = Mapping[str, Mapping[int, str]]
Cells = Callable[[Sequence[Row], Titles], Sequence[Any]]
PAGE = 5_000  # rows asked for at a time
MOST_TITLES = 100_000  # titles of one object that are kept from page to page


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: its heading and how rows give its cells (text, or numbers for XLSX)."""

    heading: str
    cells: Cells
    safe: bool = False  # never begins like a formula


def export(
    work: Work,
    query: Query,
    out: IO[bytes],
    *,
    format: Format = "csv",
    header: Header = "names",
    bom: bool = False,
    sheet_rows: int = SHEET_ROWS,
    use: Use = NO_USE,
    left: list[int] | None = None,
) -> int:
    """
    Writes what the caller may export, in order of id, and gives the number of rows. With `names` every value can be
    imported again as it was; with `labels` it is written as people read it. Lookups have two columns: id and name.
    `left` gets how many people of each page do not allow the `use`.
    """
    target = may_export(work, query.object)
    fields = fields_of(work, target, query.fields, use)
    pages = _pages(work, target, replace(query, fields=tuple(f.name for f in fields), verb="export"), use, left)
    if format == "jsonl":
        return _write_jsonl(work, target, fields, pages, out)
    columns = columns_of(work, target, fields, header)
    rows = cells_of(work, target, fields, columns, pages, guard_cells=format == "csv")
    headings = [c.heading for c in columns]
    if format == "csv":
        return write_csv(headings, rows, out, bom)
    if format == "xlsx":
        return write_xlsx(headings, chain.from_iterable(rows), out, sheet_rows, str(target.plural))
    raise BadInput(msg("{name} is no format for exports; there are: {known}.", name=format, known=", ".join(FORMATS)))


def note_export(
    space: Space,
    user: int,
    target: str,
    count: int,
    fields: Sequence[str],
    *,
    entry: str,
    address: str = "",
    use: Use = NO_USE,
    refused: int = 0,
) -> None:
    """Who took out how much, and for what, written before this returns."""
    detail = {"fields": list(fields), **told(use, refused)}
    note(space, "export", user, object=target, count=count, detail=detail, entry=entry, address=address, at_once=True)


def may_export(work: Work, name: str) -> Object:
    """The object, if the caller may export any of its records."""
    if work.actor.rights.admin:
        return work.catalog.object(name)  # may know all names: a mistyped one gets the nearest
    target = target_of(work, name)
    if work.actor.rights.scope(name, "export") == "none":
        raise Forbidden(msg("Your roles do not let you export {objects}.", objects=target.plural))
    return target


def fields_of(work: Work, target: Object, names: Sequence[str], use: Use = NO_USE) -> tuple[Field, ...]:
    """The fields asked for, or all that make up the record for its reader; never one that may not be read."""
    if not names:
        allowed = shown(work, target)
        own = [f.name for f in target.fields if f.name in allowed and not f.hidden]
        last = [name for name in LAST if name in allowed and name not in own]
        names = [*ALWAYS, *own, *last]
    found = chosen(work, target, names)
    check_use(work, target, use, found)
    return tuple(harmless(work, target, found)) if use.anonymous else found


def columns_of(work: Work, target: Object, fields: Sequence[Field], header: Header) -> list[Column]:
    """The file's columns in order."""
    actor = work.actor
    locale = Locale("en" if actor.language == "en" else "zh-CN", work.zone, work.env.currency, work.now)
    found: list[Column] = []
    hidden = veils(work, target)
    for field in fields:
        label = field.label.in_(locale.language)
        heading = field.name if header == "names" else label
        if field.type in REFERENCES:
            found.append(Column(heading if header == "names" else f"{label} ID", _ids(work, target, field)))
            found.append(Column(f"{field.name}:name" if header == "names" else label, _titles(work, target, field)))
        elif field.name in hidden:
            found.append(Column(heading, _veiled(field.column, _of(work, target, field, header, locale))))
        elif header == "labels" and field.type in SHOWN:
            found.append(Column(heading, _shown(work, target, field, locale)))
        else:
            found.append(Column(heading, _plain(work, target, field), safe=field.type == "datetime"))
    return found


def _columns(work: Work, target: Object, field: Field) -> tuple[str, ...]:
    known = shape_of(work.catalog, target).fields.get(field.name)
    return known.logged if known is not None and known.columns else (field.column,)


def _column(column: str, convert: Callable[[Any], Any] | None = None) -> Cells:
    """One stored column; whatever is not empty is converted."""
    if convert is None:
        return lambda rows, _titles: [row[column] for row in rows]
    return lambda rows, _titles: [None if (v := row[column]) is None else convert(v) for row in rows]


def _of(work: Work, target: Object, field: Field, header: Header, locale: Locale) -> Cells:
    labels = header == "labels" and field.type in SHOWN
    return _shown(work, target, field, locale) if labels else _plain(work, target, field)


def _veiled(column: str, clear: Cells) -> Cells:
    """Masks as they are, among values that are clear on their rows."""

    def cells(rows: Sequence[Row], titles: Titles) -> Sequence[Any]:
        known = [row for row in rows if type(row[column]) is not Masked]
        rest = iter(clear(known, titles))
        return [str(row[column]) if type(row[column]) is Masked else next(rest) for row in rows]

    return cells


def _memoized(columns: Sequence[str], convert: Callable[[tuple[Any, ...]], Any]) -> Cells:
    """Stored values that come again within a page are converted once."""

    def cells(rows: Sequence[Row], _titles: Titles) -> list[Any]:
        kept: dict[tuple[Any, ...], Any] = {}
        found = []
        for values in zip(*([row[c] for row in rows] for c in columns), strict=True):
            if values not in kept:
                kept[values] = convert(values)
            found.append(kept[values])
        return found

    return cells


def _plain(work: Work, target: Object, field: Field) -> Cells:
    """A value as `parse` reads it back."""
    columns, kind, base = _columns(work, target, field), result_type(field), work.env.currency
    if kind.name == "money":
        return _memoized(columns, lambda values: _money(values, base))
    if field.name == "id":
        return _column("id", str)
    if kind.name in ("text", "long_text", "email", "url", "phone", "choice", "auto_number", "integer"):
        return _column(columns[0])
    if kind.name == "datetime":
        return _column(columns[0], iso_datetime)
    return _memoized(columns, lambda values: _text(kind.to_json(field, values)))


def _money(values: Sequence[Any], base: str) -> str | None:
    if values[0] is None:
        return None
    currency = values[1] if len(values) > 1 and values[1] else base
    return plain_money(values[0]) if currency == base else f"{currency} {plain_money(values[0])}"


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode() if value else None
    return value


def _shown(work: Work, target: Object, field: Field, locale: Locale) -> Cells:
    kind = result_type(field)
    return _memoized(_columns(work, target, field), lambda values: kind.show(field, values, locale) or None)


def _ids(work: Work, target: Object, field: Field) -> Cells:
    columns = _columns(work, target, field)
    if field.type == "links":
        return _column(columns[0])
    if len(columns) > 1:
        return _memoized(columns, lambda values: None if values[0] is None else f"{values[1]}:{values[0]}")
    return lambda rows, _titles: [str(v) if (v := row[columns[0]]) else None for row in rows]


def _titles(work: Work, target: Object, field: Field) -> Cells:
    known = shape_of(work.catalog, target).fields.get(field.name)
    if known is None:  # owner, team, created_by, updated_by
        kind = field.type
        return lambda rows, titles: [titles.get(kind, {}).get(row[field.column]) for row in rows]
    if len(known.names) == 1 and field.type != "links":
        (name,), (to, *_) = known.names, targets_of(field)
        return lambda rows, titles: [titles.get(to, {}).get(row[name]) or None for row in rows]

    def cell(row: Row, titles: Titles) -> str | None:
        found = pointed_at(known, row)
        if found is None:
            return None
        of = titles.get(found[0], {})
        return ", ".join(of[i] for i in found[1] if i in of) or None

    return lambda rows, titles: [cell(row, titles) for row in rows]


def _pages(work: Work, target: Object, query: Query, use: Use, left: list[int] | None) -> Iterator[list[Row]]:
    cursor: str | None = None
    while True:
        page = find(work, replace(query, sort=("id",), limit=PAGE, cursor=cursor), most=PAGE)
        rows = sifted(work, target, page.rows, use)
        if left is not None:
            left.append(len(page.rows) - len(rows))
        yield rows
        cursor = page.next
        if cursor is None:
            return


def cells_of(
    work: Work,
    target: Object,
    fields: Sequence[Field],
    columns: Sequence[Column],
    pages: Iterator[list[Row]],
    guard_cells: bool,
) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Page by page the rows of the file, made column by column."""
    names_of = [f.name for f in fields if f.type in REFERENCES]
    kept: dict[str, dict[int, str]] = {}
    for rows in pages:
        if rows:
            titles = _with_new(work, kept, pointers(work, target, rows, names_of))
            cells = ((column, column.cells(rows, titles)) for column in columns)
            yield zip(*(guarded(v) if guard_cells and not column.safe else v for column, v in cells), strict=True)


def _with_new(work: Work, kept: dict[str, dict[int, str]], wanted: Mapping[str, set[int]]) -> Titles:
    """Titles asked for once in an export; records the caller may not see are asked for again."""
    for name, ids in wanted.items():
        known = kept.setdefault(name, {})
        if len(known) > MOST_TITLES:
            known.clear()
        known.update(names(work, name, ids - known.keys()))
    return kept


def _write_jsonl(
    work: Work, target: Object, fields: Sequence[Field], pages: Iterator[list[Row]], out: IO[bytes]
) -> int:
    count = 0
    for rows in pages:
        out.write(json_lines(work, target, fields, rows))
        count += len(rows)
    return count


def json_lines(work: Work, target: Object, fields: Sequence[Field], rows: Sequence[Row]) -> bytes:
    """One JSON object a row, each on its line."""
    convert = converter(work.catalog, target, [f.name for f in fields], raw=True, veiled=veils(work, target).keys())
    return msgspec.json.Encoder().encode_lines([convert(row) for row in rows])
