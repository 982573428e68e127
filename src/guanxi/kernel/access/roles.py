"""Roles that include other roles: what a role or a person's roles come to, one by one and added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from guanxi.kernel.access.rights import Rights, add_up, read_spec

Roles = Mapping[int, Mapping[str, Any]]
"""Rows of the object role by id, as the catalogue keeps them."""


def included(spec: Mapping[str, Any]) -> tuple[int, ...]:
    """The roles that a role's rights name as parts of it; anything that is no id is passed over."""
    found = spec.get("includes", ())
    return tuple(int(one) for one in found if str(one).isascii() and str(one).isdigit()) if found else ()


def closure(roles: Roles, wanted: Iterable[int]) -> tuple[int, ...]:
    """These roles and all they include, each once, nearest first; safe against loops and roles that are gone."""
    found: dict[int, None] = {}
    queue = [role for role in wanted if role in roles]
    while queue:
        role = queue.pop(0)
        if role in found:
            continue
        found[role] = None
        queue += [part for part in included(spec_of(roles, role)) if part in roles and part not in found]
    return tuple(found)


def spec_of(roles: Roles, role: int) -> dict[str, Any]:
    """What one role says by itself."""
    return read_spec(roles[role]["rights"])


def roles_of(row: Mapping[str, Any]) -> tuple[int, ...]:
    """The roles a user was given, without those included."""
    return tuple(int(role) for role in msgspec.json.decode(row["roles"] or b"[]"))


def rights_of(roles: Roles, wanted: Iterable[int]) -> Rights:
    """What several roles with all they include add up to."""
    return add_up(spec_of(roles, role) for role in closure(roles, wanted))


def loops(roles: Roles, role: int | None, parts: Iterable[int]) -> bool:
    """Whether a role that includes these would include itself."""
    return role is not None and role in closure(roles, parts)


def with_spec(roles: Roles, role: int, spec: Mapping[str, Any]) -> Roles:
    """The roles as they would be with other rights for one of them."""
    changed = {**roles.get(role, {"id": role, "name": ""}), "rights": msgspec.json.encode(spec).decode()}
    return {**roles, role: changed}
