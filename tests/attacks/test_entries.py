"""Object × role × person × way in × action: what one may do is done, all else answers as if there were nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from guanxi.base.errors import NotFound
from guanxi.entrypoints.api.app import create_api
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.entrypoints.web.security import COOKIE
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.defaults import ROLES
from guanxi.kernel.access.sessions import csrf_of, open_session
from guanxi.kernel.access.why import facts_of, reason_for
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.shares import share
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.test_matrix import PLACES, SEED, World, build, mark
from tests.entrypoints.web.settings.conftest import OneSpace

OBJECTS = ("account", "contact", "lead", "opportunity", "product", "task", "call", "meeting", "visit")
KEYS = tuple(role[0] for role in ROLES)
UNKNOWN = 125_000_000_000_000_077
DIGITS = {"near": "13987650001", "far": "13712340002"}
VEILED = "veiled"


@dataclass(frozen=True, slots=True)
class Case:
    """One record seen by one person."""

    object: str
    role: str
    place: str
    whose: str


ALL = tuple(Case(*case) for case in itertools.product(OBJECTS, KEYS, PLACES, ("near", "far")))


def pairwise(cases: Sequence[Case], dice: random.Random) -> list[Case]:
    """Cases in which every two values of two dimensions meet at least once."""
    left = {pair for case in cases for pair in pairs_of(case)}
    chosen = []
    for case in dice.sample(cases, len(cases)):
        new = left.intersection(pairs_of(case))
        if new:
            left -= new
            chosen.append(case)
    return chosen


def pairs_of(case: Case) -> set[Any]:
    parts = (("object", case.object), ("role", case.role), ("place", case.place), ("whose", case.whose))
    return set(itertools.combinations(parts, 2))


class Office:
    """The world of the matrix over HTTP; some records are shared, some shares have ended."""

    def __init__(self, space: Space) -> None:
        self.world: World = build(space)
        self.space = space
        site = OneSpace(space)
        app = Starlette(routes=[Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))])
        self.client = TestClient(app, follow_redirects=False)
        self.known: dict[int, tuple[str, str]] = {}
        self._share()
        seal(space.db)
        follow(space.db, search_follower(space))

    def _share(self) -> None:
        """The far lead and account to a salesperson of the near team (one may edit), and one share that has ended."""
        guest = self.world.viewers["sales", "owner"]
        with self.space.write(system("test")) as work:
            share(work, "lead", [self.world.ids["lead"]["far"]], ("user", guest), "edit")
            share(work, "account", [self.world.ids["account"]["far"]], ("user", guest), "read")
            over = (guest, work.catalog.object("contact").id, self.world.ids["contact"]["far"], "s1", 2, work.now - 1)
            columns = ("principal", "object", "record", "reason", "level", "until")
            work.session.insert("grant_row", columns, [over])

    def headers(self, user: int) -> tuple[dict[str, str], dict[str, str]]:
        """Of the web and of the API."""
        if user not in self.known:
            token = open_session(self.space.db, user, agent="test", address="", now=self.space.clock())
            self.known[user] = (token, make.token(self.space, user))
        session, bearer = self.known[user]
        web = {"Cookie": f"{COOKIE}={session}", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": csrf_of(session)}
        return web, {"Authorization": f"Bearer {bearer}", "Accept-Language": "en"}

    def may(self, user: int, name: str, ident: int, verb: str) -> bool:
        """By the code that explains, not by the code that reads."""
        with self.space.read(system("test")) as work:
            facts = facts_of(work.session, work.catalog, work.catalog.object(name), ident, work.now)
            return reason_for(load_actor(work.catalog, user, work.now), facts, verb) is not None

    def rights(self, user: int) -> Any:
        with self.space.read(user) as work:
            return work.actor.rights


@pytest.fixture
def office(space: Space) -> Iterator[Office]:
    yield Office(space)
    render.ENV.clear()


def told(answer: Any) -> tuple[Any, ...]:
    """All of an answer that a caller can compare; its number differs each time."""
    kept = {k: v for k, v in answer.headers.items() if k.lower() not in ("x-request-id", "date")}
    return answer.status_code, answer.text, kept


def faults(office: Office, case: Case) -> Iterator[str]:
    user, ident = office.world.viewers[case.role, case.place], office.world.ids[case.object][case.whose]
    sees, edits = (office.may(user, case.object, ident, verb) for verb in ("read", "edit"))
    yield from _web(office, case, user, ident, sees, edits)
    if office.rights(user).can("api"):
        yield from _api(office, case, user, ident, sees, edits)
    yield from _statements(office, case, user, ident, sees)


def _web(office: Office, case: Case, user: int, ident: int, sees: bool, edits: bool) -> Iterator[str]:
    client, (headers, _), rights = office.client, office.headers(user), office.rights(user)
    for part in ("", "/peek", "/timeline", "/history", "/who", "/values", "/edit", "/print"):
        answer = client.get(f"/o/{case.object}/{ident}{part}", headers=headers)
        wanted = 200 if sees else 404
        if sees and ((part == "/edit" and not edits) or (part == "/print" and not rights.can("print"))):
            wanted = 403
        if answer.status_code != wanted and not (
            part == "/edit" and sees and answer.status_code in (200, 303, 403, 404)
        ):
            yield f"web {part or 'page'}: {answer.status_code} instead of {wanted}"
        if not sees:
            other = client.get(f"/o/{case.object}/{UNKNOWN}{part}", headers=headers)
            if (answer.status_code, answer.text.replace(str(ident), "")) != (
                other.status_code, other.text.replace(str(UNKNOWN), "")):  # fmt: skip
                yield f"web {part or 'page'}: unknown and forbidden differ"
    exported = client.get(f"/o/{case.object}/export.csv", headers=headers)
    allowed = office.may(user, case.object, ident, "export") and rights.scope(case.object, "export") != "none"
    if exported.status_code == 200 and mark(case.whose, case.object) in exported.text and not allowed:
        yield "web export: a record that one may not export"
    for verb, path, form in (("delete", "/trash", {}), ("edit", "/comment", {"body": "x"})):
        if not sees or (verb == "delete" and not office.may(user, case.object, ident, "delete")):
            answer = client.post(f"/o/{case.object}/{ident}{path}", data=form, headers=headers)
            if answer.status_code not in (403, 404):
                yield f"web {path}: {answer.status_code}"
    if not sees:
        for path in ("/", "/notifications", "/operations", f"/o/{case.object}", "/trash"):
            if mark(case.whose, case.object) in client.get(path, headers=headers).text:
                yield f"web {path}: text of a record out of reach"
        for path in ("/palette", "/search", f"/options/{case.object}", f"/o/{case.object}/rows"):
            word = mark(case.whose, case.object)
            found = client.get(path, params={"q": word[:9]}, headers=headers).text
            if word in found:
                yield f"web {path}: text of a record out of reach"


def _api(office: Office, case: Case, user: int, ident: int, sees: bool, edits: bool) -> Iterator[str]:
    client, (_, headers) = office.client, office.headers(user)
    here = f"/api/v1/{case.object}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None), ("GET", "/history", None), ("PATCH", "", {}),
        ("DELETE", "", None), ("POST", "/restore", None),
    ]  # fmt: skip
    for method, part, body in calls:
        if method in ("DELETE", "POST") and sees:
            continue
        more = {**headers, "If-Match": "*"}
        one = client.request(method, f"{here}/{ident}{part}", json=body, headers=more)
        other = client.request(method, f"{here}/{UNKNOWN}{part}", json=body, headers=more)
        refused = method == "PATCH" and not edits
        if sees and one.status_code != 200 and not (refused and told(one) == told(other)):
            yield f"api {method} {part}: {one.status_code}"
        if not sees and told(one) != told(other):
            yield f"api {method} {part}: unknown and forbidden differ: {one.text[:200]}"
    for params in (
        {"filter": f"id = {ident}"},
        {"sort": "-id", "limit": "1"},
        {"q": mark(case.whose, case.object)[:9]},
    ):
        answer = client.get(here, params=params, headers=headers)
        if answer.status_code == 200 and not sees and f'"id":"{ident}"' in answer.text:
            yield f"api list {params}: a record out of reach"
    answer = client.get(f"{here}/count", params={"filter": f"id = {ident}"}, headers=headers)
    if answer.status_code == 200 and bool(answer.json()["count"]) != sees:
        yield f"api count: {answer.json()}"
    for path in ("/api/v1/operations", "/api/v1/changes"):
        if not sees and mark(case.whose, case.object) in client.get(path, headers=headers).text:
            yield f"{path}: text of a record out of reach"


def _statements(office: Office, case: Case, user: int, ident: int, sees: bool) -> Iterator[str]:
    if sees:
        return
    numbers = []
    for wanted in (ident, UNKNOWN):
        with office.space.read(user) as work:
            before = work.session.statements
            with pytest.raises(NotFound):
                get(work, case.object, wanted)
            numbers.append(work.session.statements - before)
    if len(set(numbers)) != 1:
        yield f"statements: {numbers}"


def judge(office: Office, cases: Sequence[Case]) -> None:
    print(f"seed {SEED}, {len(cases)} of {len(ALL)} cases")
    found = [f"{case}: {fault}" for case in cases for fault in faults(office, case)]
    assert not found, f"seed {SEED}\n" + "\n".join(found[:40])


def test_every_pair_of_values_meets(office: Office) -> None:
    judge(office, pairwise(ALL, random.Random(SEED)))


@pytest.mark.slow
def test_the_whole_matrix(office: Office) -> None:
    judge(office, ALL)


@pytest.fixture
def masked(space: Space) -> Iterator[tuple[Office, int, dict[str, int]]]:
    """Somebody whose role masks mobiles (clear on own records), with one contact of their own and one of the team's."""
    made = Office(space)
    spec = {
        "objects": {"*": {"create": "all", "read": "team", "edit": "own", "export": "team", "bulk": "own"}},
        "fields": {"contact.mobile": {"level": "masked", "better": [["owner = me", "edit"]]}, "contact.email": "none"},
        "abilities": ["api", "print", "import"],
    }
    with space.write(system("test")) as work:
        rights = msgspec.json.encode(spec).decode()
        save(work, [Change("create", "role", {"name": "Veiled", "key": VEILED, "rights": rights})])
    team = made.world.below
    user, other = make.person(space, VEILED, team=team), make.person(space, "sales", team=team)
    ids = {}
    for whose, owner in (("near", user), ("far", other)):
        values = {"name": f"Veil {whose}", "mobile": DIGITS[whose], "email": f"{whose}@secret.example"}
        ids[whose] = make.record(space, "contact", None, **values, owner=str(owner))
        with space.write(owner if whose == "far" else system("test")) as work:  # so that the history tells of it too
            save(work, [Change("edit", "contact", {"mobile": DIGITS[whose][:-1] + "9"}, id=ids[whose])])
    seal(space.db)
    follow(space.db, search_follower(space))
    yield made, user, ids
    render.ENV.clear()


def test_a_masked_value_comes_out_nowhere(masked: tuple[Office, int, dict[str, int]]) -> None:
    office, user, ids = masked
    web, api = office.headers(user)
    far, tails = ids["far"], (DIGITS["far"][3:-1], "secret.example")
    pages = [f"/o/contact/{far}{part}" for part in ("", "/peek", "/timeline", "/history", "/who", "/values", "/print")]
    columns = "columns=name,mobile"
    pages += [f"/o/contact{part}?{columns}" for part in ("", "/rows", "/export.csv", "/print")]
    pages += [f"{place}?q=Veil" for place in ("/palette", "/search", "/options/contact")]
    pages += ["/operations", "/o/contact/facets", f"/o/contact?group=owner&{columns}", "/"]
    calls = [f"/api/v1/contact/{far}", f"/api/v1/contact/{far}/history", "/api/v1/contact", "/api/v1/changes",
             "/api/v1/search?q=Veil", "/api/v1/operations", "/api/v1/contact?names=true&limit=1"]  # fmt: skip
    for path, headers in [(p, web) for p in pages] + [(p, api) for p in calls]:
        answer = office.client.get(path, headers=headers)
        text = answer.text.replace(" ", "").replace("&nbsp;", "")
        assert answer.status_code == 200, (path, answer.status_code)
        assert not [tail for tail in tails if tail in text], path
    own = office.client.get(f"/api/v1/contact/{ids['near']}", headers=api).json()
    assert own["mobile"].endswith(DIGITS["near"][3:-1] + "9")


def test_a_masked_field_answers_no_question(masked: tuple[Office, int, dict[str, int]]) -> None:
    office, user, ids = masked
    _, api = office.headers(user)
    for params in ({"filter": 'mobile = "+8613712340009"'}, {"filter": "is_empty(mobile)"}, {"sort": "mobile"},
                   {"sort": "-mobile"}, {"filter": 'starts_with(mobile, "+86137")'}):  # fmt: skip
        answer = office.client.get("/api/v1/contact", params=params, headers=api)
        assert answer.status_code == 400, (params, answer.text[:200])
    for params in ({"by": "mobile"}, {"sum": "mobile"}):
        assert office.client.get("/api/v1/contact/group", params=params, headers=api).status_code == 400
    for fragment in (DIGITS["far"], DIGITS["far"][-4:], DIGITS["far"][3:7], "secret"):
        found = office.client.get("/api/v1/search", params={"q": fragment}, headers=api)
        assert str(ids["far"]) not in found.text, fragment
    edit = office.client.patch(f"/api/v1/contact/{ids['far']}", json={"mobile": "13900000000"},
                               headers={**api, "If-Match": "*"})  # fmt: skip
    assert edit.status_code in (403, 404, 422)
    assert DIGITS["far"][3:7] not in edit.text


def test_faulty_rows_of_a_file_do_not_tell_what_is_masked(masked: tuple[Office, int, dict[str, int]]) -> None:
    """Keys and duplicates of an import say no more than the form does."""
    office, user, _ = masked
    web, _ = office.headers(user)
    content = f"姓名,手机\nSomebody,{DIGITS['far'][:-1]}9\n".encode()
    sent = office.client.post("/import/contact", files={"file": ("a.csv", content)}, headers=web)
    assert sent.status_code in (200, 303), sent.text[:300]
    if sent.status_code == 303:
        shown = office.client.get(sent.headers["location"], headers=web, follow_redirects=True).text
        assert "Veil far" not in shown
        assert "secret.example" not in shown


def test_an_undo_preview_tells_nothing_to_strangers(office: Office) -> None:
    stranger = office.world.viewers["sales", "colleague"]
    web, api = office.headers(stranger)
    with office.space.db.read() as session:
        sql = f'SELECT "id" FROM {session.table("operation")} WHERE "actor" <> ? ORDER BY "id" DESC LIMIT 20'
        operations = [row[0] for row in session.rows(sql, (stranger,))]
    unknown = told(office.client.get(f"/api/v1/operations/{UNKNOWN}", headers=api))
    for operation in operations:
        assert told(office.client.get(f"/api/v1/operations/{operation}", headers=api)) == unknown
        body = {"dry_run": True}
        tried = office.client.post(f"/api/v1/operations/{operation}/undo", json=body, headers=api)
        assert tried.status_code in (403, 404), tried.text
        page = office.client.get(f"/operations/{operation}", headers=web)
        assert mark("near", "lead") not in page.text
