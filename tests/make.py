"""The one builder of test records, driven by the catalogue: any object, with every value it can take."""

from __future__ import annotations

from itertools import count
from typing import Any

from guanxi.kernel.access.actors import system
from guanxi.kernel.access.tokens import create_token
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Space, Work
from guanxi.kernel.fields.registry import type_of
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

_numbers = count(1)
REFERENCES = ("lookup", "links", "user", "team")
SENSE = {("sharing_rule", "object"): "account", ("sharing_rule", "condition"): 'status = "active"'}
"""Texts that must mean something."""
BLOBS = ("image", "files")  # ids of uploaded files: nothing to make up


def person(space: Space, role: str = "administrator", *, name: str = "", team: int | None = None, **given: Any) -> int:
    """Somebody who signs in, with one of the default roles by its key."""
    number = next(_numbers)
    with space.read(system("test")) as work:
        role_id = next(i for i, row in work.catalog.config["role"].items() if row["key"] == role)
    values = {"name": name or f"Person {number}", "email": f"person{number}@example.com", "roles": [str(role_id)]}
    with space.write(system("test")) as work:
        return save(work, [Change("create", "user", {**values, "team": team and str(team), **given})]).id


def token(space: Space, user: int, *scopes: str, expires_at: int | None = None) -> str:
    """A bearer token of that person."""
    with space.write(system("test")) as work:
        wanted = scopes or ("read", "write")
        return create_token(
            work.session, space.ids, user, name="test", scopes=wanted, expires_at=expires_at, now=work.now
        )[0]


def record(space: Space, name: str, actor: int | None = None, /, **given: Any) -> int:
    """One record of any object with the values it must have; lookups that are required are made as well."""
    with space.write(actor or system("test"), kind="edit") as work:
        return made(work, name, **given)


def made(work: Work, name: str, /, **given: Any) -> int:
    """The same inside a unit of work."""
    return save(work, [Change("create", name, {**values(work, name), **given})]).id


def values(work: Work, name: str, *, full: bool = False) -> dict[str, Any]:
    """Raw values for a new record: those of the short form, or with `full` one for every field that takes one."""
    target = work.catalog.object(name)
    found: dict[str, Any] = {}
    for field in target.fields:
        if field.read_only or field.retired or field.type in ("formula", "auto_number", *BLOBS):
            continue
        wanted = field.default is None and (field.required or field.name in target.quick)
        if wanted or (full and not field.hidden):
            value = value_of(work, target, field)
            if value is not None:
                found[field.name] = value
    return found


def value_of(work: Work, target: Object, field: Field) -> Any:
    """A raw value that the field takes; text differs each time, so that unique fields stay unique."""
    if field.type in REFERENCES:
        return reference(work, target, field)
    if (target.name, field.name) in SENSE:
        return SENSE[target.name, field.name]
    example = type_of(field).example(field)
    if field.type == "text":
        room = field.options.get("max_length", 255)
        return f"{example} {next(_numbers)}" if room > 20 else f"{next(_numbers) % 10**room:0{min(room, 3)}}"
    if field.type == "email":
        return f"somebody{next(_numbers)}@example.com"
    return example


def reference(work: Work, target: Object, field: Field) -> Any:
    """A record to point at: an existing setting, or a new record where one is required."""
    other = targets_of(field)[0]
    known = work.catalog.config.get(other, {})
    if known:
        ident = next(iter(known))
    elif field.required and field.name != target.parent:
        ident = made(work, other)
    else:
        return None
    if field.type == "links":
        return [str(ident)]
    return {"object": other, "id": str(ident)} if len(targets_of(field)) > 1 else str(ident)
