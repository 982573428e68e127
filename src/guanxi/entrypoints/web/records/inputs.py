"""What a form needs to know about each field: its kind of input, raw value, options, error."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guanxi.base.dates import from_us, iso_date, iso_datetime, parse_datetime, zone_of
from guanxi.entrypoints.web.records.values import Names
from guanxi.entrypoints.web.render import label
from guanxi.kernel.catalog.defaults import named, value
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.context import Work
from guanxi.kernel.fields import regions
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shape import targets_of

MOST_OPTIONS = 60  # more settings than this are searched, not listed
RADIOS = 4
PLAIN = {"text": "text", "email": "email", "phone": "tel", "url": "url", "integer": "number", "decimal": "number",
         "percent": "number", "date": "date", "datetime": "datetime-local", "long_text": "long"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form. `raw`: as JSON has it or as it was sent; `shown`: names of what is pointed at."""

    name: str
    label: str
    kind: str
    raw: Any = None
    shown: Any = ""
    options: Sequence[tuple[str, str]] = ()
    objects: str = ""
    currency: str = "CNY"
    currencies: Sequence[str] = ()
    required: bool = False
    hint: str | None = None
    error: str | None = None
    full: bool = False
    mode: str = ""


def input_of(
    work: Work, field: Field, raw: Any, *, error: str | None = None, known: Names | None = None, name: str = ""
) -> Input:
    """The input for a field holding `raw`; names of references come from `known` or are looked up."""
    base = Input(
        name or field.name,
        label(field.label),
        PLAIN.get(field.type, "text"),
        raw,
        required=field.required,
        hint=label(field.help) if field.help else None,
        error=error,
        full=field.type in ("long_text", "address", "files", "image", "multi_choice"),
        mode="secret" if field.encrypted else "",  # no draft of it stays in the browser
    )
    maker = _KINDS.get(field.type)
    given: dict[str, Any] = maker(work, field, raw, known) if maker else {}
    return replace(base, **given)


def _choice(_work: Work, field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    offered = [(c.key, label(c.label)) for c in field.options["choices"] if not c.retired or c.key == raw]
    few = len(offered) <= RADIOS and field.required
    return {"kind": "radio" if few else "select", "options": offered}


def _many(_work: Work, field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    return {"kind": "picks", "options": [(c.key, label(c.label)) for c in field.options["choices"] if not c.retired],
            "raw": raw or []}  # fmt: skip


def _boolean(_work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    return {"kind": "boolean", "raw": raw in (True, 1, "1", "true", "on")}


def _number(_work: Work, _field: Field, _raw: Any, _known: Names | None) -> dict[str, Any]:
    return {"kind": "number", "mode": "decimal"}


def _percent(_work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    return {"kind": "number", "mode": "decimal", "raw": raw, "hint": "%"}


def _money(work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    base = str(work.catalog.settings.get("currency", "CNY"))
    codes = [row["code"] for row in work.catalog.config["currency"].values() if row.get("active")]
    given = raw if isinstance(raw, Mapping) else {"amount": raw}
    currency = given.get("currency") or base
    return {"kind": "money", "raw": given.get("amount"), "currency": currency,
            "currencies": tuple(dict.fromkeys((base, currency, *codes)))}  # fmt: skip


def _moment(work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    if not isinstance(raw, str) or not raw.endswith("Z"):
        return {}
    moment = from_us(parse_datetime(raw, work.zone), zone_of(work.zone))
    return {"raw": f"{moment:%Y-%m-%dT%H:%M}"}


def _lookup(work: Work, field: Field, raw: Any, known: Names | None) -> dict[str, Any]:
    targets = targets_of(field)
    other = work.catalog.objects.get(targets[0])
    if len(targets) == 1 and other is not None and other.kind == "config" and targets[0] != "user":
        rows = work.catalog.config[targets[0]]
        if len(rows) <= MOST_OPTIONS:
            return {"kind": "select", "options": config_options(work, targets[0], raw)}
    return {"kind": "lookup", "objects": ",".join(targets), **_pointed(work, targets, raw, known)}


def _pointed(work: Work, targets: Sequence[str], raw: Any, known: Names | None) -> dict[str, Any]:
    """Hidden value and shown name of a lookup: an id, or `object:id` where there are several targets."""
    kind, ident = targets[0], raw
    if isinstance(raw, Mapping):
        kind, ident = str(raw.get("object")), raw.get("id")
    elif isinstance(raw, str) and ":" in raw:
        kind, _, ident = raw.partition(":")
    if not str(ident or "").isdecimal() or kind not in targets:
        return {"raw": "", "shown": ""}
    number = int(str(ident)[:19])
    found = (known or {}).get(kind, {}).get(number) or names(work, kind, [number]).get(number)
    if found is None:
        return {"raw": "", "shown": ""}
    return {"raw": f"{kind}:{number}" if len(targets) > 1 else str(number), "shown": found}


def config_options(work: Work, name: str, chosen: Any = None) -> list[tuple[str, str]]:
    """Rows of a settings object in use, in their order; the chosen one also when it is not in use any more."""
    target = work.catalog.object(name)
    title = work.catalog.field(target, target.title).column
    rows = work.catalog.config[name]
    english = work.actor.language == "en"
    kept = [r for i, r in rows.items() if r.get("active") in (None, 1) or str(i) == str(chosen)]
    kept.sort(key=lambda r: (r.get("pipeline") or 0, r.get("position") or 0, r["id"]))
    pipelines = work.catalog.config.get("pipeline", {})
    several = len({r.get("pipeline") for r in kept}) > 1
    found = []
    for row in kept:
        text = str((english and row.get("name_en")) or row[title] or "")
        line = pipelines.get(row.get("pipeline") or 0) if several else None
        found.append((str(row["id"]), f"{line['name']} · {text}" if line else text))
    return found


def _links(work: Work, field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    other = targets_of(field)[0]
    items = raw if isinstance(raw, list) else [i for i in str(raw or "").split(",") if i]
    ids = [int(i) for i in items if str(i).isdecimal()]
    found = names(work, other, ids) if ids else {}
    return {"kind": "links", "objects": other, "raw": [str(i) for i in found], "shown": list(found.items())}


def _tags(_work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    return {"kind": "tags", "raw": ", ".join(raw) if isinstance(raw, list) else raw or ""}


def _address(work: Work, _field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    parts = dict(raw) if isinstance(raw, Mapping) else {"street": raw or ""}
    code = str(parts.get("region") or "")
    province, city = (code[:2] + "0000") if code else "", (code[:4] + "00") if code else ""
    lists = [list(regions.provinces()), regions.children(province) if province else []]
    direct = any(c == code for c, _ in lists[1])  # municipalities and counties run by the province: one level less
    lists.append(regions.children(city) if city and not direct and city in dict(lists[1]) else [])
    chosen = (province, code if direct else city, "" if direct else code)
    return {"kind": "address", "raw": parts, "options": tuple(zip(chosen, lists, strict=True)),
            "currency": str(work.catalog.settings.get("country", "CN"))}  # fmt: skip


def _files(_work: Work, field: Field, raw: Any, _known: Names | None) -> dict[str, Any]:
    ids = [int(i) for i in (raw or []) if str(i).isdecimal()] if isinstance(raw, list) else []
    return {"kind": "files", "raw": [str(i) for i in ids], "mode": field.type}


_KINDS: Mapping[str, Any] = {
    "choice": _choice,
    "multi_choice": _many,
    "boolean": _boolean,
    "integer": _number,
    "decimal": _number,
    "percent": _percent,
    "money": _money,
    "datetime": _moment,
    "lookup": _lookup,
    "user": _lookup,
    "team": _lookup,
    "links": _links,
    "tags": _tags,
    "address": _address,
    "files": _files,
    "image": _files,
}


def default_raw(work: Work, field: Field) -> Any:
    """What a new record would get by itself, to be shown in its form."""
    if field.default is None:
        return None
    if not named(field.default):
        return field.default
    found = value(field.default, work)
    if found is None:
        return None
    if field.type == "date":
        return iso_date(found)
    return iso_datetime(found) if field.type == "datetime" else str(found)


def today_text(work: Work, days: int = 0) -> str:
    """A day near today as a date input wants it."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=work.today + days)).isoformat()
