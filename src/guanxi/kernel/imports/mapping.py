"""Which column becomes which field and how its cells are treated: a JSON document people keep beside the file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from guanxi.base.errors import BadInput, msg
from guanxi.base.text import fold
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import TYPES

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

Mode = Literal["upsert", "create", "update"]
Similar = Literal["create", "skip", "update", "ask"]
FORMAT_GAP = re.compile(r"\{([^{}:]+)(?::(slug|lower|upper))?\}")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """
    One target field. `column` names the file's column; or `template` builds the cell from several
    (`"{first} {last}"`, `"{agent:slug}@example.com"`). `values` replaces whole cells (mended spellings);
    `match` is the field of the target by which references are found (default: title, number, e-mail, id).
    """

    field: str
    column: str = ""
    template: str = ""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    match: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class FileMap:
    """
    The whole mapping. `key`: records with the same value are updated. `empty`: what an empty cell does on update.
    `similar`: what happens to a new row that looks like a record that is there, or like a row before it.
    `columns`: the header of the file it was made for.
    """

    fields: Sequence[ColumnMap]
    key: str = ""
    mode: Mode = "upsert"
    empty: Literal["keep", "clear"] = "keep"
    fixed: Mapping[str, str] = dataclasses.field(default_factory=dict)  # field -> raw value for every row
    columns: Sequence[str] = ()
    similar: Similar = "create"


def read_map(data: bytes | str) -> FileMap:
    """From JSON; BadInput says where it is wrong."""
    try:
        return msgspec.json.decode(data, type=FileMap)
    except msgspec.MsgspecError as error:
        raise BadInput(msg("The mapping file is not right: {why}", why=str(error))) from error


def write_map(file_map: FileMap) -> str:
    return msgspec.json.format(msgspec.json.encode(file_map), indent=2).decode()


def check_map(work: Work, target: Object, file_map: FileMap, header: Sequence[str]) -> None:
    """Every field and column named must exist; the first that does not is named."""
    fields = importable(work, target)
    known = set(header)
    for item in file_map.fields:
        if item.field not in fields:
            raise BadInput(msg("There is no field «{name}» you could set.", name=item.field))
        wanted = [m[1] for m in FORMAT_GAP.finditer(item.template)] if item.template else [item.column]
        for column in wanted:
            if column not in known:
                raise BadInput(msg("The file has no column «{name}».", name=column))
    for name in (*file_map.fixed, *([file_map.key] if file_map.key else [])):
        if name not in fields:
            raise BadInput(msg("There is no field «{name}» you could set.", name=name))
    _refuse_sealed(target, file_map)
    mapped = {i.field for i in file_map.fields} | file_map.fixed.keys()
    if file_map.key and file_map.key not in mapped:
        raise BadInput(msg("The key field «{name}» needs a column.", name=file_map.key))


def sealed_columns(target: Object, file_map: FileMap) -> frozenset[str]:
    """Columns of the file that hold values of encrypted fields: nothing of them is kept."""
    sealed = {f.name for f in target.fields if f.encrypted}
    items = [i for i in file_map.fields if i.field in sealed]
    named = {m[1] for i in items for m in FORMAT_GAP.finditer(i.template)} if items else set()
    return frozenset(named | {i.column for i in items if i.column})


def _refuse_sealed(target: Object, file_map: FileMap) -> None:
    """A mapping is kept, so it must not hold values of encrypted fields; and rows are not matched by one."""
    sealed = {f.name: f for f in target.fields if f.encrypted}
    held = {i.field for i in file_map.fields if i.values or i.default} | file_map.fixed.keys() | {file_map.key}
    for name in sorted(held & sealed.keys()):
        text = "“{field}” is encrypted: it takes its cells as they are, and cannot be the key."
        raise BadInput(msg(text, field=sealed[name].label))


def importable(work: Work, target: Object) -> dict[str, Field]:
    """Fields an import of this caller may fill."""
    rights = work.actor.rights
    fields = {
        f.name: f
        for f in target.fields
        if TYPES[f.type].columns(f)
        and (not f.read_only or f.type == "auto_number")
        and not f.retired
        and not f.hidden
        and rights.level(target.name, f.name) == "edit"
    }
    if target.kind in ("record", "document"):
        fields["owner"] = work.catalog.field(target, "owner")
    return fields


def suggest(work: Work, target: Object, header: Sequence[str], remembered: Mapping[str, str] | None = None) -> FileMap:
    """A first mapping: remembered pairs, then equal names or labels, then near ones; each field once."""
    fields = importable(work, target)
    names: dict[str, str] = {}
    for f in fields.values():
        for word in (f.name, f.label.en, f.label.zh):
            names.setdefault(_plain(word), f.name)
    for word in (target.name, target.label.en, target.label.zh):  # "account" over the accounts' names
        names.setdefault(_plain(word), target.title)
    taken: dict[str, str] = {}
    for column in header:
        found = (remembered or {}).get(column) or names.get(_plain(column))
        if found in fields and found not in taken.values():
            taken[column] = found
    for column in header:
        if column not in taken:
            found = _near(_plain(column), names)
            if found is not None and found not in taken.values():
                taken[column] = found
    key = next((n for n in ("number", "code", "credit_code", "email") if n in taken.values() and n in fields), "")
    return FileMap(
        [ColumnMap(taken[c], column=c) for c in header if c in taken], key=key if _unique(fields, key) else ""
    )


def _unique(fields: Mapping[str, Field], name: str) -> bool:
    return bool(name) and not fields[name].encrypted and (fields[name].unique or fields[name].type == "auto_number")


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", fold(word))


def _near(word: str, names: Mapping[str, str]) -> str | None:
    best, score = None, 0.82
    for known, name in names.items():
        ratio = SequenceMatcher(None, word, known).ratio()
        if ratio > score:
            best, score = name, ratio
    return best


def cell_of(item: ColumnMap, cells: Mapping[str, str]) -> str:
    """The raw text for a field from one row's cells by column name."""
    if item.template:
        raw = FORMAT_GAP.sub(lambda m: _formed(cells.get(m[1], ""), m[2]), item.template)
    else:
        raw = cells.get(item.column, "")
    return item.values.get(raw, raw) or item.default


def _formed(text: str, how: str | None) -> str:
    if how == "slug":
        return re.sub(r"[^\w]+", ".", fold(text)).strip(".")
    return text.lower() if how == "lower" else text.upper() if how == "upper" else text


def remembered(work: Work, target: Object) -> Mapping[str, str]:
    """Column → field of files imported before."""
    known: Mapping[str, str] = work.catalog.settings.get(f"import:{target.name}") or {}
    return known


def remember(work: Work, target: Object, file_map: FileMap) -> None:
    """Keeps column → field pairs of this object for the next file."""
    name = f"import:{target.name}"
    pairs: dict[str, Any] = dict(remembered(work, target))
    pairs.update({i.column: i.field for i in file_map.fields if i.column})
    table = work.session.table("setting")
    work.session.run(f"DELETE FROM {table} WHERE name = ?", (name,))
    work.session.insert("setting", ("name", "value"), [(name, msgspec.json.encode(pairs).decode())])
    work.settings_changed = True
