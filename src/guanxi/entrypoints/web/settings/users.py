"""Users: list, invite, change, deactivate; the one-time link with which a new one sets the first password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Invalid, NotFound
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, texts_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.rolewords import rights_in_words
from guanxi.entrypoints.web.settings.sign_in import way_in
from guanxi.entrypoints.web.shell import piece, see_other
from guanxi.kernel.access.invitations import invite
from guanxi.kernel.access.passwords import judge_password, set_password
from guanxi.kernel.access.policy import policy_of
from guanxi.kernel.access.roles import rights_of, roles_of
from guanxi.kernel.access.sessions import close_sessions
from guanxi.kernel.admin.people import keep_an_administrator
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.read import count, ids_of
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.catalog.snapshot import Catalog
    from guanxi.kernel.context import Work

PLACE = "/settings/users"
NEW: Mapping[str, Any] = {"active": 1}


def show_users(request: Request) -> Response:
    """All users; how many records they own comes a moment later."""
    me = administrator(request)
    rows = sorted(me.catalog.config["user"].values(), key=lambda r: (not r["active"], str(r["name"])))
    words = request.query_params.get("q", "").strip().casefold()
    found = [r for r in rows if not words or words in f"{r['name']} {r['email']}".casefold()]
    return setting_page(request, me, "users", PLACE, rows=found, q=words, teams=me.catalog.config["team"],
                        roles=role_names(me.catalog), total=len(rows))  # fmt: skip


def role_names(catalog: Catalog) -> dict[int, list[str]]:
    """Names of roles by user."""
    roles = catalog.config["role"]
    return {
        ident: [str(roles[int(r)]["name"]) for r in msgspec.json.decode(row["roles"] or b"[]") if int(r) in roles]
        for ident, row in catalog.config["user"].items()
    }


def owned_objects(catalog: Catalog) -> list[Object]:
    """Objects whose records have owners, as the side bar shows them."""
    return [o for o in catalog.objects.values() if o.kind in ("record", "document") and o.area]


def show_owned(request: Request) -> Response:
    """Number of owned records for all users, in one statement for each object."""
    me = administrator(request)
    owned: dict[int, int] = {}
    with me.space.read(me.user, timeout=20.0) as work:
        for target in owned_objects(work.catalog):
            for group in tally(work, Query(target.name), ("owner",)):
                if group.keys[0] is not None:
                    owned[group.keys[0]] = owned.get(group.keys[0], 0) + group.count
    return piece(request, "settings/owned.html", me, owned=owned, users=list(me.catalog.config["user"]))


def show_user(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """One user, or the form of an invitation."""
    me = administrator(request)
    ident = ident_of(request) if "id" in request.path_params else 0
    row = me.catalog.config["user"].get(ident) if ident else NEW
    if row is None:
        raise NotFound
    chosen = texts_of(given, "roles") if given is not None else msgspec.json.decode(row.get("roles") or b"[]")
    return setting_page(
        request, me, "user", PLACE, errors=errors, status=status, ident=ident, row=row, value=given_or(given, row),
        chosen=chosen, roles=me.catalog.config["role"], teams=team_options(me.catalog),
        owned=_owned_by(me, ident) if ident else [], way=way_in(me, ident) if ident else {},
        users=_others(me.catalog, ident), said=_may(me, ident),
    )  # fmt: skip


def _may(me: Visit, ident: int) -> list[str]:
    """What the roles of one person add up to, in words."""
    row = me.catalog.config["user"].get(ident)
    if row is None:
        return []
    return rights_in_words(me.catalog, rights_of(me.catalog.config["role"], roles_of(row)), me.locale.language)


def _owned_by(me: Visit, ident: int) -> list[tuple[Object, int, bool]]:
    with me.space.read(me.user) as work:
        found = [(o, *count(work, Query(o.name, f"owner = {ident}"))) for o in owned_objects(work.catalog)]
    return [line for line in found if line[1]]


def _others(catalog: Catalog, ident: int) -> list[tuple[int, str]]:
    return [(i, str(r["name"])) for i, r in catalog.config["user"].items() if i != ident and r["active"]]


def team_options(catalog: Catalog) -> list[tuple[int, str]]:
    """Teams as options of a select, those below others indented by their path."""
    teams = catalog.config["team"]

    def path(ident: int) -> str:
        seen, parts, at = set[int](), list[str](), ident
        while at in teams and at not in seen:
            seen.add(at)
            parts.append(str(teams[at]["name"]))
            at = teams[at]["parent"] or 0
        return " / ".join(reversed(parts))

    return sorted(((ident, path(ident)) for ident in teams), key=lambda pair: pair[1])


def save_user(request: Request, me: Visit, form: FormData) -> Response:
    """Changes one; who may no longer sign in is signed out everywhere at once."""
    t, ident = speaker(me.locale), ident_of(request)
    values = _values(form)
    with me.space.write(me.user) as work:
        saved = save(work, [Change("edit", "user", values, id=ident)])
        keep_an_administrator(work)
    if not values["active"]:
        close_sessions(me.space.db, ident)
    return see_other(f"{PLACE}/{ident}", note=t("User saved"), undo=undo_link(saved.operation))


def undo_link(operation: int) -> str:
    """Where the toast's undo posts to; nothing if nothing was changed."""
    return f"/operations/{operation}/undo" if operation else ""


def _values(form: FormData) -> dict[str, Any]:
    values: dict[str, Any] = {n: text_of(form, n) for n in ("name", "email", "title", "team", "number", "language")}
    return {**values, "roles": texts_of(form, "roles"), "active": ticked(form, "active")}


def add_user(request: Request, me: Visit, form: FormData) -> Response:
    """A new user, with a password of the administrator's or a link to set one."""
    t, password = speaker(me.locale), str(form.get("password") or "")
    values = {**_values(form), "active": True}
    if password:
        names = (str(values["name"]), str(values["email"]), str(me.catalog.settings.get("name", "")))
        judge_password(password, names=names, shortest=policy_of(me.catalog).shortest)
    with me.space.write(me.user) as work:
        ident = save(work, [Change("create", "user", values)]).id
        if password:
            set_password(work.session, ident, password, work.now)
    if password:
        return see_other(f"{PLACE}/{ident}", note=t("User added"))
    return _show_link(request, me, ident)


def make_link(request: Request, me: Visit, _form: FormData) -> Response:
    """A new one-time link, also for a lost password."""
    ident = ident_of(request)
    row = me.catalog.config["user"].get(ident)
    if row is None or not row["active"]:
        raise NotFound
    return _show_link(request, me, ident)


def _show_link(request: Request, me: Visit, ident: int) -> Response:
    token = invite(me.space.db, ident, me.space.clock())
    link = str(request.url.replace(path=f"/invitation/{token}", query="", fragment=""))
    with me.space.read(me.user) as work:
        row = work.catalog.config["user"][ident]
    return setting_page(request, me, "invited", PLACE, link=link, row=row, ident=ident)


def hand_over(request: Request, me: Visit, form: FormData) -> Response:
    """Gives all records of one user to another, as one operation that can be undone."""
    t, ident = speaker(me.locale), ident_of(request)
    heir = text_of(form, "heir")
    if ident not in me.catalog.config["user"] or not heir.isdigit() or int(heir) not in me.catalog.config["user"]:
        raise NotFound
    operation, done = give_all(me, ident, heir)
    note = t("Handed over: {n} records", n=done)
    return see_other(f"{PLACE}/{ident}", note=note, undo=undo_link(operation) if done else "")


def give_all(me: Visit, ident: int, heir: str) -> tuple[int, int]:
    """Chunk by chunk under one operation; gives it and how many records moved."""
    with me.space.write(me.user, kind="bulk") as work:
        operation = work.begin_operation()
        names = [o.name for o in owned_objects(work.catalog)]
    done = 0
    for name in names:
        last = 0
        while True:
            with me.space.write(me.user, kind="bulk", bulk=True, operation=operation) as work:
                ids = next(ids_of(work, Query(name, f"owner = {ident}", verb="edit"), 1_000, after=last), [])
                outcomes = _give(work, name, ids, heir)
            done += outcomes
            if len(ids) < 1_000:
                break
            last = ids[-1]
    return operation, done


def _give(work: Work, name: str, ids: list[int], heir: str) -> int:
    if not ids:
        return 0
    saved = save(work, [Change("edit", name, {"owner": heir}, id=i) for i in ids], collect=True)
    failed = next((o.errors[0] for o in saved.outcomes if o.errors), None)
    if failed is not None and all(o.errors for o in saved.outcomes):
        raise Invalid(failed.message)
    return sum(not o.errors for o in saved.outcomes)
