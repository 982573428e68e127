"""Teams as a tree: add, rename, move, lead, region, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, NotFound, msg
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.users import team_options, undo_link
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.access.teams import subtree_of
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/teams"
NAMES = ("name", "parent", "lead", "region")


@dataclass(frozen=True, slots=True)
class Branch:
    """A team with those below it and how many people are in it."""

    id: int
    name: str
    lead: str
    region: str
    people: int
    below: tuple[Branch, ...]


def tree(catalog: Catalog) -> tuple[Branch, ...]:
    """All teams; those whose parent is gone stand at the top."""
    teams, users = catalog.config["team"], catalog.config["user"]
    people: dict[int, int] = {}
    for row in users.values():
        if row["active"] and row["team"]:
            people[row["team"]] = people.get(row["team"], 0) + 1

    def branch(ident: int, above: frozenset[int]) -> Branch:
        row = teams[ident]
        here = above | {ident}
        below = tuple(branch(i, here) for i, r in teams.items() if r["parent"] == ident and i not in here)
        lead = str(users.get(row["lead"] or 0, {}).get("name", ""))
        return Branch(ident, str(row["name"]), lead, str(row["region"] or ""), people.get(ident, 0), _sorted(below))

    return _sorted(tuple(branch(i, frozenset()) for i, r in teams.items() if r["parent"] not in teams))


def _sorted(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    return tuple(sorted(branches, key=lambda b: b.name))


def show_teams(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """The tree, and the form of a new team or of the one chosen."""
    me = administrator(request)
    ident = ident_of(request) if "id" in request.path_params else 0
    row: Mapping[str, Any] | None = me.catalog.config["team"].get(ident) if ident else {}
    if row is None:
        raise NotFound
    inside = set(subtree_of(me.catalog.config["team"], ident)) if ident else set()
    parents = [pair for pair in team_options(me.catalog) if pair[0] not in inside]
    users = [(i, str(r["name"])) for i, r in me.catalog.config["user"].items() if r["active"]]
    return setting_page(request, me, "teams", PLACE, errors=errors, status=status, tree=tree(me.catalog), ident=ident,
                        row=row, value=given_or(given, row), parents=parents, users=users)  # fmt: skip


def save_team(request: Request, me: Visit, form: FormData) -> Response:
    """Adds a team, or changes the one in the address; the tree may not run in a ring."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    values = {name: text_of(form, name) for name in NAMES}
    with me.space.write(me.user) as work:
        teams = work.catalog.config["team"]
        if ident is not None and values["parent"] in {str(i) for i in subtree_of(teams, ident)}:
            text = msg("A team cannot be part of itself or of a team below it.")
            raise Invalid(text, errors=[FieldError("parent", "ring", text)])
        saved = save(work, [Change("edit" if ident else "create", "team", values, id=ident)])
    return see_other(f"{PLACE}/{saved.id}", note=t("Team saved"), undo=undo_link(saved.operation))


def drop_team(request: Request, me: Visit, _form: FormData) -> Response:
    """Into the trash; refused while people, teams or records belong to it."""
    t = speaker(me.locale)
    with me.space.write(me.user) as work:
        saved = save(work, [Change("trash", "team", id=ident_of(request))])
    return see_other(PLACE, note=t("Team deleted"), undo=undo_link(saved.operation))
