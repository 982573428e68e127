"""Every object × role × person × entry point: no record, field, count or name outside a person's reach comes out."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from guanxi.base.errors import Forbidden, NotFound
from guanxi.bootstrap import APPS
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.defaults import ROLES
from guanxi.kernel.access.why import facts_of, why
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.export import export
from guanxi.kernel.records.feed import read_changes
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.read import count, find, get, names, references
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import search_follower, searched
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.timeline import timeline
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.conftest import teams
from tests.entrypoints.api.conftest import Client

SEED = int(os.environ.get("GUANXI_TEST_SEED") or time.time())
OBJECTS = [o for app in APPS for o in app.objects if o.kind != "config"]
BLIND = "blind"
HIDDEN = ("account.phone", "contact.description", "opportunity.name", "lead.company", "task.subject", "product.name")
MARKED = ("name", "subject", "body", "description", "text", "company", "note", "department", "next_step")
PLACES = ("owner", "colleague", "manager")


@dataclass
class World:
    """One record of every object for each of two owners; each text in it bears the record's mark."""

    space: Space
    ids: dict[str, dict[str, int]] = field(default_factory=dict)  # object -> whose -> id
    viewers: dict[tuple[str, str], int] = field(default_factory=dict)  # role, place -> user
    below: int = 0
    beside: int = 0


def mark(whose: str, name: str) -> str:
    return f"zq{whose}{name.replace('_', '')}qz"


def build(space: Space) -> World:
    world = World(space)
    above, world.below, world.beside = teams(space)
    blind = {**dict(next(r[3] for r in ROLES if r[0] == "sales_manager")), "fields": dict.fromkeys(HIDDEN, "none")}
    with space.write(system("test")) as work:
        rights = msgspec.json.encode(blind).decode()
        save(work, [Change("create", "role", {"name": "Blind", "key": BLIND, "rights": rights})])
    for role in [*(r[0] for r in ROLES), BLIND]:
        for place, team in zip(PLACES, (world.below, world.beside, above), strict=True):
            world.viewers[role, place] = make.person(space, role, team=team)
    for whose, team in (("far", world.beside), ("near", world.below)):
        owner = make.person(space, "sales", team=team)
        for target in OBJECTS:
            if target.parent is None:
                _make(world, target.name, whose, owner)
    seal(space.db)
    follow(space.db, search_follower(space))
    return world


def _make(world: World, name: str, whose: str, owner: int) -> None:
    """The near owner's records point at the far owner's where they may point anywhere: names must not come along."""
    with world.space.write(system("test")) as work:
        target = work.catalog.object(name)
        values = make.values(work, name)
        for f in target.fields:
            if f.name in MARKED and f.type in ("text", "long_text") and not f.read_only:
                values[f.name] = mark(whose, name)
            if f.type in ("lookup", "links") and f.name != target.parent:
                _point(world, target, f, values, whose)
            if (f.name == target.access_via and f.type == "user") or (f.type == "user" and f.name == "person"):
                values[f.name] = str(owner)
        if target.kind in ("record", "document"):
            values["owner"] = str(owner)
        if name == "view":
            values |= {"object": "account", "shared": False}
        if name == "share":
            values |= {"object": "account", "record": 1, "to": {"object": "user", "id": str(owner)}, "level": "read"}
        if name == "record_request":
            values |= {"object": "account", "record": 1, "keeper": str(owner)}
        lines: dict[str, list[Change]] = {
            line: [Change("create", line, {"name": mark(whose, line)})] for line in target.lines
        }
        saved = save(work, [Change("create", name, values, lines=lines)], collect=False)
        world.ids.setdefault(name, {})[whose] = saved.id
        for line in target.lines:
            rows = find(work, Query(line, f"{work.catalog.object(line).parent} = {saved.id}")).rows
            world.ids.setdefault(line, {})[whose] = rows[0]["id"]


def _point(world: World, target: Any, f: Any, values: dict[str, Any], whose: str) -> None:
    known = [t for t in targets_of(f) if t in world.ids]
    if not known:
        return
    through = f.name in (target.access_via, "contact") or (f.required and f.name != "other")
    to = known[-1] if f.name == "other" else known[0]
    ident = world.ids[to].get(whose if through else "far")
    if ident is None:
        return
    one: Any = {"object": to, "id": str(ident)} if len(targets_of(f)) > 1 else str(ident)
    values[f.name] = [one] if f.type == "links" else one


def visible(work: Work, user: int, name: str, ident: int) -> bool:
    """By the other implementation of the same rules: the one that explains."""
    target, actor = work.catalog.object(name), load_actor(work.catalog, user)
    if target.access == "personal":
        with work.as_system("test"):
            row = get(work, name, ident)
        return bool(row[target.access_via or "owner"] == user)
    return why(actor, facts_of(work.session, work.catalog, target, ident, work.now)) is not None


def kernel_answers(work: Work, name: str, ident: int, word: str) -> Iterator[tuple[str, Any]]:
    """Everything the kernel gives about an object, by entry point; a refusal gives nothing."""
    target = work.catalog.object(name)
    asks: dict[str, Any] = {
        "find": lambda: _with_names(work, target),
        "find trashed": lambda: find(work, Query(name, limit=100, trashed=True)).rows,
        "find words": lambda: find(work, Query(name, text=word)).rows,
        "find id": lambda: find(work, Query(name, f"id = {ident}")).rows,
        "count": lambda: count(work, Query(name, f"id = {ident}"))[0] or None,
        "tally": lambda: [(g.keys, g.count) for g in tally(work, Query(name, f"id = {ident}"), ("created_by",))],
        "search": lambda: search(work, word, limit=100),
        "search one": lambda: search(work, word, (name,)),
        "get": lambda: get(work, name, ident),
        "history": lambda: steps(work, name, ident),
        "names": lambda: names(work, name, [ident]) or None,
        "feed": lambda: [(c.object, c.id, c.old, c.new) for c in read_changes(work, 0, 500)[0]],
        "export": lambda: _export(work, name),
    }
    for entry, ask in asks.items():
        try:
            yield entry, ask()
        except (NotFound, Forbidden):
            continue


def _with_names(work: Work, target: Object) -> Any:
    page = find(work, Query(target.name, limit=100))
    return page.rows, references(work, target, page.rows, page.fields)


def _export(work: Work, name: str) -> str:
    out = BytesIO()
    export(work, Query(name), out)
    return out.getvalue().decode()


def api_answers(client: TestClient, name: str, ident: int, word: str) -> Iterator[tuple[str, Any]]:
    asks: list[tuple[str, dict[str, str]]] = [
        (f"/{name}", {"names": "true", "limit": "100"}),
        (f"/{name}", {"q": word}),
        (f"/{name}/{ident}", {}),
        (f"/{name}/{ident}", {"trashed": "true"}),
        (f"/{name}/count", {"filter": f"id = {ident}"}),
        (f"/{name}/group", {"by": "created_by", "filter": f"id = {ident}"}),
        (f"/{name}/{ident}/history", {}),
        ("/search", {"q": word}),
        ("/changes", {"limit": "500"}),
    ]
    for path, params in asks:
        answer = client.get(path, params=params)
        assert answer.status_code in (200, 403, 404), (path, params, answer.text)
        if answer.status_code == 200:
            yield f"API {path.replace(str(ident), 'id')} {params}", answer.text


@pytest.fixture
def world(space: Space) -> World:
    return build(space)


def test_nothing_outside_reach_comes_out(world: World, client: Client) -> None:
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    clients: dict[int, TestClient] = {}
    leaks: list[tuple[str, ...]] = []
    seen_some = hidden_some = 0
    roles = sorted({role for role, _ in world.viewers})
    for name in sorted(world.ids):
        for role in roles:
            place = dice.choice(PLACES)
            user = world.viewers[role, place]
            with world.space.read(user) as work:
                allowed = {
                    (n, whose): visible(work, user, n, ident)
                    for n, by in world.ids.items()
                    for whose, ident in by.items()
                }
                seen_some += sum(allowed.values())
                hidden_some += len(allowed) - sum(allowed.values())
                whose = dice.choice(sorted(world.ids[name]))
                answers = list(kernel_answers(work, name, world.ids[name][whose], mark(whose, name)))
                leaks += _judge(world, role, place, name, whose, answers, allowed)
            if work.actor.rights.can("api") and dice.random() < 0.5:
                if user not in clients:
                    clients[user] = client(user=user)
                answers = list(api_answers(clients[user], name, world.ids[name][whose], mark(whose, name)))
                leaks += _judge(world, role, place, name, whose, answers, allowed)
    assert seen_some
    assert hidden_some
    told = "\n".join(" · ".join(leak) for leak in leaks)
    assert not leaks, f"seed {SEED}\n{told}"


ONE = ("find id", "count", "tally", "get", "history", "names")


def _judge(
    world: World, role: str, place: str, name: str, whose: str, answers: list[tuple[str, Any]],
    allowed: dict[tuple[str, str], bool],
) -> Iterator[tuple[str, ...]]:  # fmt: skip
    who = f"{role} {place}"
    for entry, answer in answers:
        text = answer if isinstance(answer, str) else repr(answer)
        for (other, of), may in allowed.items():
            if not may and mark(of, other) in text:
                yield who, name, whose, entry, f"text of {other} of {of}"
            if role == BLIND and may and f"{other}.{_title(world, other)}" in HIDDEN and _titled(text, other, of):
                yield who, name, whose, entry, f"hidden title of {other}"
        if entry in ONE and bool(answer) != allowed[name, whose]:
            yield who, name, whose, entry, f"answers {bool(answer)}, reach says {allowed[name, whose]}"
    given = {entry for entry, _ in answers}
    if allowed[name, whose] and answers and not answers[0][0].startswith("API"):
        for entry in ONE:
            if entry not in given:
                yield who, name, whose, entry, "refused although in reach"


def _title(world: World, name: str) -> str:
    return next(o.title for o in OBJECTS if o.name == name)


def _titled(text: str, name: str, whose: str) -> bool:
    return f"'name': '{mark(whose, name)}'" in text or f'"name":"{mark(whose, name)}"' in text


def test_hidden_fields_answer_no_question(world: World, client: Client) -> None:
    """A field one may not read is no filter, sort, group, sum, column, path or search word: as if there were none."""
    user = world.viewers[BLIND, "manager"]
    caller = client(user=user)
    for full in HIDDEN:
        name, word = full.split(".")
        marked = mark("near", name)
        for params in (
            {"filter": f'{word} = "{marked}"'},
            {"filter": f"is_empty({word})"},
            {"sort": word},
            {"fields": word},
        ):
            answer = caller.get(f"/{name}", params=params)
            assert answer.status_code == 400, (full, params, answer.text)
        for params in ({"by": word}, {"sum": word}, {"by": f"{word}:month"}):
            assert caller.get(f"/{name}/group", params=params).status_code == 400, (full, params)
        unknown = caller.get(f"/{name}", params={"sort": "no_such_field"}).json()["detail"]
        assert caller.get(f"/{name}", params={"sort": word}).json()["detail"] == unknown.replace("no_such_field", word)
        with world.space.read(user) as work:
            if searched(work.catalog, work.catalog.object(name)):
                assert not [h for h in search(work, marked, (name,)) if h.field == word]
    paths = ("account.phone", "contact.description")
    for path in paths:
        assert caller.get("/opportunity", params={"filter": f'{path} = "x"'}).status_code == 400
        assert caller.get("/opportunity/group", params={"by": path}).status_code == 400


def test_timelines_show_only_what_is_in_reach(world: World) -> None:
    for (role, place), user in world.viewers.items():
        with world.space.read(user) as work:
            for name in ("account", "contact", "lead", "opportunity"):
                target, ident = work.catalog.object(name), world.ids[name]["near"]
                if not visible(work, user, name, ident):
                    continue
                for item in timeline(work, target, ident, limit=100).items:
                    if item.row is not None:
                        assert visible(work, user, item.object, item.id), (role, place, name, item.object)
