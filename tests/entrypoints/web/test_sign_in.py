"""The second factor, devices, waits, networks and limits of sessions: over HTTP on both databases."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from guanxi.base.errors import Invalid, TooMany
from guanxi.entrypoints.api.app import create_api
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.kernel.access import passwords, second_factor, sessions, throttle
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.policy import SETTING
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.web.company import OneSpace

PASSWORD = "four quiet mountains"
ANN, BO = "ann@example.com", "bo@example.com"
BROWSER = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"}
HERE = "10.1.2.3"
Person = Callable[..., TestClient]


@pytest.fixture
def people(space: Space) -> dict[str, int]:
    with space.write(system("test")) as work:
        roles = {row["key"]: str(i) for i, row in work.catalog.config["role"].items()}
        made = save(work, [
            Change("create", "user", {"name": mail[:3], "email": mail, "language": "en", "roles": [roles[role]]})
            for mail, role in ((ANN, "administrator"), (BO, "sales"))
        ]).ids  # fmt: skip
        for ident in made:
            passwords.set_password(work.session, ident, PASSWORD, work.now)
    return dict(zip((ANN, BO), made, strict=True))


@pytest.fixture
def browser(space: Space, people: dict[str, int]) -> Iterator[Person]:
    """A browser nobody used before."""
    site = OneSpace(space)
    app = Starlette(routes=[Mount("/api/v1", create_api(site)), Mount("/", create_web(site, ROUTES))])
    yield lambda address=HERE: TestClient(app, follow_redirects=False, client=(address, 4000))
    render.ENV.clear()


def enter(client: TestClient, mail: str = BO, password: str = PASSWORD) -> Any:
    if "guanxi" in client.cookies:
        client.cookies.delete("guanxi")
    return client.post("/sign-in", data={"email": mail, "password": password}, headers=BROWSER)


def post(client: TestClient, path: str, **data: Any) -> Any:
    token = sessions.csrf_of(client.cookies["guanxi"])
    return client.post(path, data={"_csrf": token, **data}, headers=BROWSER)


def set_policy(space: Space, **values: Any) -> None:
    with space.write(system("test")) as work:
        change_settings(work, {SETTING: values})


def later(space: Space, seconds: int) -> None:
    clock = space.clock
    space.clock = lambda: clock() + seconds * 1_000_000


def equip(client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    """Sets the second factor up as a person does."""
    page = client.get("/profile/second-factor").text
    assert "data:image/svg+xml" in page
    found = re.search(r'gx-mono">([A-Z2-7 ]+)<', page)
    assert found
    totp = pyotp.TOTP(found[1].replace(" ", ""))
    shown = post(client, "/profile/second-factor", code=totp.now(), present=PASSWORD)
    assert shown.status_code == 200, shown.text
    codes = re.findall(r"data-recovery>([a-z0-9-]+)<", shown.text)
    assert len(set(codes)) == second_factor.CODES
    return totp, codes


def code_at(space: Space, totp: pyotp.TOTP) -> str:
    return str(totp.at(space.clock() / 1_000_000))


def test_a_second_factor_is_set_up_asked_for_and_each_code_works_once(space: Space, browser: Person) -> None:
    first = browser()
    assert enter(first).status_code == 303
    assert post(first, "/profile/second-factor", code="000000", present=PASSWORD).status_code == 422
    wrong = post(first, "/profile/second-factor", code="123456", present="not it at all")
    assert wrong.status_code == 422
    assert "not your present password" in wrong.text
    totp, codes = equip(first)
    later(space, 60)
    other = browser()
    assert enter(other).headers["location"] == "/sign-in/code?next=/"
    assert other.get("/").status_code == 303, "the password alone opens nothing"
    assert "six digits" in other.get("/sign-in/code", headers={"Accept-Language": "en"}).text
    code = code_at(space, totp)
    assert other.post("/sign-in/code", data={"code": "000000"}, headers=BROWSER).status_code == 401
    assert other.post("/sign-in/code", data={"code": code}, headers=BROWSER).status_code == 303
    assert other.get("/profile").status_code == 200
    thief = browser()
    enter(thief)
    assert thief.post("/sign-in/code", data={"code": code}, headers=BROWSER).status_code == 401, "a code works once"
    assert thief.post("/sign-in/code", data={"code": codes[0]}, headers=BROWSER).status_code == 303
    again = browser()
    enter(again)
    assert again.post("/sign-in/code", data={"code": codes[0]}, headers=BROWSER).status_code == 401, "so does this"
    assert again.post("/sign-in/code", data={"code": codes[1].upper()}, headers=BROWSER).status_code == 303
    assert "8 recovery codes left" in again.get("/profile").text


def test_five_wrong_codes_end_the_sign_in(space: Space, browser: Person) -> None:
    first = browser()
    enter(first)
    totp, _ = equip(first)
    later(space, 60)
    thief = browser()
    enter(thief)
    answers = [thief.post("/sign-in/code", data={"code": "000001"}, headers=BROWSER).status_code for _ in range(5)]
    assert answers == [401] * 4 + [303], "back to the password"
    right = thief.post("/sign-in/code", data={"code": code_at(space, totp)}, headers=BROWSER)
    assert right.status_code == 401
    assert thief.get("/").status_code == 303


def test_a_trusted_device_is_not_asked_for_thirty_days(space: Space, browser: Person) -> None:
    first = browser()
    enter(first)
    totp, _ = equip(first)
    later(space, 60)
    device = browser()
    enter(device)
    device.post("/sign-in/code", data={"code": code_at(space, totp), "trust": "1"}, headers=BROWSER)
    post(device, "/sign-out")
    assert enter(device).headers["location"] == "/"
    later(space, 31 * 86_400)
    post(device, "/sign-out")
    assert enter(device).headers["location"].startswith("/sign-in/code")
    later(space, -20 * 86_400)
    assert enter(device).headers["location"] == "/"
    post(device, "/profile/password", present=PASSWORD, fresh="five calm wide rivers")
    assert enter(device, password="five calm wide rivers").headers["location"].startswith("/sign-in/code")


def test_a_required_factor_is_set_up_before_anything_else(
    space: Space, browser: Person, people: dict[str, int]
) -> None:
    with space.read(system("test")) as work:
        admins = [i for i, row in work.catalog.config["role"].items() if row["key"] == "administrator"]
    ann, bo = browser(), browser()
    enter(ann, ANN)
    enter(bo)
    set_policy(space, needs="roles", roles=admins)
    assert bo.get("/profile").status_code == 200
    sent = ann.get("/settings/users")
    assert (sent.status_code, sent.headers["location"]) == (303, "/profile/second-factor")
    assert "asks for a second factor" in ann.get("/profile/second-factor").text
    equip(ann)
    assert ann.get("/settings/users").status_code == 200
    assert post(ann, "/profile/second-factor/off", present=PASSWORD).status_code == 403
    set_policy(space, needs="everybody")
    assert bo.get("/profile").headers["location"] == "/profile/second-factor"


def test_an_administrator_resets_a_lost_factor(space: Space, browser: Person, people: dict[str, int]) -> None:
    ann, bo = browser(), browser()
    enter(ann, ANN)
    enter(bo)
    equip(bo)
    page = ann.get(f"/settings/users/{people[BO]}").text
    assert "Second factor on" in page
    assert post(bo, f"/settings/users/{people[BO]}/second-factor").status_code == 404
    assert post(ann, f"/settings/users/{people[BO]}/second-factor").status_code == 303
    assert bo.get("/profile").status_code == 303, "signed out"
    assert enter(browser()).headers["location"] == "/"


def test_secrets_of_the_factor_are_in_no_answer(space: Space, browser: Person, people: dict[str, int]) -> None:
    bo = browser()
    enter(bo)
    totp, _ = equip(bo)
    token = make.token(space, people[ANN])
    api = browser()
    for path in ("second_factor", "recovery_code", "known_device", f"user/{people[BO]}"):
        answer = api.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        assert totp.secret not in answer.text
        assert answer.status_code == (200 if "user/" in path else 404), path
    assert totp.secret not in bo.get("/profile/second-factor").text


def test_an_attacker_cannot_lock_the_real_person_out(space: Space, browser: Person) -> None:
    mine = browser("10.0.0.1")
    enter(mine)
    post(mine, "/sign-out")
    for n in range(30):  # one guess each from many addresses, and many from one
        enter(browser(f"203.0.113.{n % 3}"), password="wrong wrong")
    blocked = enter(browser("203.0.113.1"))
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0
    assert enter(mine).status_code == 303, "a device the person used before"
    assert enter(browser("198.51.100.9")).status_code == 303, "and another address with the right password"


def test_strangers_together_have_a_limit_and_known_devices_another(
    space: Space, browser: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PER_ACCOUNT", 6)
    monkeypatch.setattr(passwords, "PER_DEVICE", 4)
    mine = browser()
    enter(mine)
    for n in range(6):
        enter(browser(f"203.0.113.{n}"), password="wrong wrong")
    assert enter(browser("198.51.100.1")).status_code == 429
    assert [enter(mine, password="wrong wrong").status_code for _ in range(5)] == [401, 401, 401, 401, 429]
    later(space, 16 * 60)
    assert enter(mine).status_code == 303


def test_one_line_of_the_internet_is_one_place(space: Space, browser: Person) -> None:
    """Whoever has an IPv6 line has 2⁶⁴ addresses."""
    last = [enter(browser(f"2001:db8:1:2::{n:x}"), password="wrong wrong").status_code for n in range(1, 9)]
    assert last[-1] == 429
    assert enter(browser("2001:db8:1:3::1")).status_code == 303
    assert throttle.network_of("::ffff:203.0.113.9") == throttle.network_of("203.0.113.9")


def test_a_device_cookie_copied_before_is_not_trusted_with_it(space: Space, browser: Person) -> None:
    first = browser()
    enter(first)
    totp, _ = equip(first)
    shared = browser()
    enter(shared, ANN)  # somebody else was here first, and took the cookie along
    copied = shared.cookies["guanxi_device"]
    post(shared, "/sign-out")
    later(space, 60)
    enter(shared)
    shared.post("/sign-in/code", data={"code": code_at(space, totp), "trust": "1"}, headers=BROWSER)
    thief = browser("198.51.100.9")
    thief.cookies.set("guanxi_device", copied)
    assert enter(thief).headers["location"].startswith("/sign-in/code")
    post(shared, "/sign-out")
    assert enter(shared).headers["location"] == "/"


def test_waits_grow_and_are_forgotten(space: Space) -> None:
    now, waits = space.clock(), list[int]()
    for _ in range(14):
        with space.db.ephemeral() as session:
            throttle.slow_down(session, "k", now)
        with pytest.raises(TooMany) if len(waits) >= 4 else _nothing() as caught, space.db.ephemeral() as session:
            session.value(f"SELECT 1 FROM {session.table('throttle')}")
            row = session.one(f"SELECT until FROM {session.table('throttle')} WHERE key = 'k'")
            assert row
            waits.append(row[0] - now)
            if row[0] > now:
                throttle.slow_down(session, "k", now)
        assert caught is None or caught.value.extra["retry_after"] >= 1
        now = max(now, now + waits[-1])
    assert waits[:6] == [0, 0, 0, 0, 5_000_000, 10_000_000]
    assert waits[-1] == throttle.LONGEST
    with space.db.ephemeral() as session:
        throttle.slow_down(session, "k", now + throttle.LONGEST + throttle.WINDOW)
        assert session.value(f"SELECT count FROM {session.table('throttle')} WHERE key = 'k'") == 1


class _nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def test_a_sign_in_on_a_new_device_is_told_and_all_are_noted(
    space: Space, browser: Person, people: dict[str, int]
) -> None:
    enter(browser(), password="wrong wrong")
    first = browser()
    enter(first)
    enter(first)
    later(space, 1)
    enter(browser("198.51.100.7"))
    with space.read(system("test")) as work:
        told = find(work, Query("notification", f"owner = {people[BO]}")).rows
    assert len(told) == 1
    assert "Chrome · Windows" in told[0]["text"]
    assert "198.51.100.7" in told[0]["text"]
    space.accesses.flush()
    with space.read(system("test")) as work:
        table = work.session.table("access_log")
        rows = work.session.rows(f"SELECT kind, actor, address, detail FROM {table} ORDER BY pos, n")
    assert [row[0] for row in rows] == ["sign_in_failed", "sign_in", "sign_in", "sign_in"]
    assert {row[1] for row in rows} == {people[BO]}
    assert BO not in str(rows)
    assert PASSWORD not in str(rows)


def test_devices_are_listed_and_ended(space: Space, browser: Person) -> None:
    one, two, three = browser(), browser("8.8.8.8"), browser()
    for client in (one, two, three):
        enter(client)
    page = one.get("/profile").text
    assert page.count("Chrome · Windows") == 3
    assert "own network" in page
    assert "8.8.8.8" in page
    assert post(one, "/profile/devices/others/end").status_code == 303
    assert (two.get("/profile").status_code, three.get("/profile").status_code) == (303, 303)
    assert one.get("/profile").status_code == 200


def test_sessions_have_limits(space: Space, browser: Person) -> None:
    set_policy(space, sessions=2, idle_hours=2, life_hours=5)
    clients = [browser() for _ in range(3)]
    for client in clients:
        enter(client)
        later(space, 1)
    assert [c.get("/profile").status_code for c in clients] == [303, 200, 200]
    later(space, 3_600)
    assert clients[2].get("/profile").status_code == 200
    later(space, 3_600 + 60)
    assert [c.get("/profile").status_code for c in clients[1:]] == [303, 200], "quiet for too long"
    for _ in range(3):
        later(space, 3_600)
        left = clients[2].get("/profile").status_code
    assert left == 303, "open for too long"


def test_networks_bind_pages_and_the_api(space: Space, browser: Person, people: dict[str, int]) -> None:
    ann, far = browser(), browser("203.0.113.5")
    enter(ann, ANN)
    enter(far)
    form = {"needs": "nobody", "trust_days": "30", "shortest": "12", "sessions": "20", "idle_hours": "336",
            "life_hours": "720"}  # fmt: skip
    out = post(ann, "/settings/sign-in", **form, networks="192.168.0.0/16")
    assert out.status_code == 422
    assert "lock yourself out" in out.text
    assert post(ann, "/settings/sign-in", **form, networks="10.0.0.0/8 nonsense").status_code == 422
    assert post(ann, "/settings/sign-in", **{**form, "shortest": "3"}, networks="").status_code == 422
    assert post(ann, "/settings/sign-in", **form, networks="10.0.0.0/8\n2001:db8::/32").status_code == 303
    assert far.get("/profile").status_code == 303
    refused = enter(browser("203.0.113.5"))
    assert refused.status_code == 403
    assert enter(browser("2001:db8::1")).status_code == 303
    token = {"Authorization": f"Bearer {make.token(space, people[ANN])}"}
    assert far.get("/api/v1/me", headers=token).status_code == 403
    assert ann.get("/api/v1/me", headers=token).status_code == 200
    short = post(ann, "/profile/password", present=PASSWORD, fresh="calm river")
    assert "at least 12 characters" in short.text.lower()


def test_an_ended_session_in_the_browser_does_not_stop_the_next_sign_in(space: Space, browser: Person) -> None:
    client = browser()
    enter(client)
    sessions.close_sessions(space.db, next(iter(_users(space))))
    page = client.get("/sign-in").text
    token = re.search(r'name="_csrf" value="(\w+)"', page)
    assert token
    data = {"email": BO, "password": PASSWORD, "_csrf": token[1]}
    assert client.post("/sign-in", data=data, headers=BROWSER).status_code == 303


def _users(space: Space) -> list[int]:
    with space.read(system("test")) as work:
        return [i for i, row in work.catalog.config["user"].items() if row["email"] == BO]


@pytest.mark.parametrize(
    "weak", ["password1234", "qwertyuiop", "1234567890", "iloveyou123", "anna.fischer", "Yuanshan1!"]
)
def test_common_and_personal_passwords_are_refused_and_nothing_else(weak: str) -> None:
    with pytest.raises(Invalid):
        passwords.judge_password(weak, names=("Anna Fischer", "anna.fischer@example.com", "Yuanshan"))
    for fine in ("four calm rivers", "远山的呼唤很长很长", "correct horse", "x7#kQ9!mZpw"):
        if len(fine) >= passwords.SHORTEST:
            passwords.judge_password(fine, names=("Anna Fischer",))
    started = time.monotonic()
    passwords.judge_password(hashlib.sha512(b"x").hexdigest() + "four calm rivers" * 4, names=())
    assert time.monotonic() - started < 5, "its time does not grow with the length"
