"""Signing in and out, forged requests, devices, errors: over HTTP on both databases."""

import re

import pytest
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from guanxi.base.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.access import passwords, sessions, throttle
from guanxi.kernel.access.actors import system
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

EMAIL, PASSWORD = "chen@example.com", "four quiet mountains"
BROWSER = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Test Browser"}


class OneSpace:
    def __init__(self, space):
        self.only = space

    def space(self, request: Request):
        return self.only


def show_home(request):
    return page(request, "layout.html", visit(request), active="home")


def fail(request):
    kind = request.path_params["kind"]
    visit(request)
    raise {"missing": NotFound(), "refused": Forbidden("Not this one."), "defect": RuntimeError("boom")}[kind]


def change(request):
    visit(request)
    return see_other("/", note="Saved")


@pytest.fixture
def user(space):
    with space.write(system("test")) as work:
        saved = save(work, [Change("create", "user", {"name": "陈晓雯", "email": EMAIL, "active": True})])
        ident = saved.id
        passwords.set_password(work.session, ident, PASSWORD, work.now)
    return ident


@pytest.fixture
def client(space, user):
    routes = [
        Route("/", show_home),
        Route("/fail/{kind}", fail, methods=["GET", "POST"]),
        Route("/change", change, methods=["POST"]),
    ]
    yield TestClient(create_web(OneSpace(space), routes), follow_redirects=False, raise_server_exceptions=False)
    render.ENV.clear()


@pytest.fixture
def inside(client):
    answer = client.post("/sign-in", data={"email": EMAIL.upper(), "password": PASSWORD}, headers=BROWSER)
    assert answer.status_code == 303, answer.text
    return client


def csrf(client):
    return sessions.csrf_of(client.cookies["guanxi"])


def test_pages_ask_to_sign_in_and_come_back(client):
    answer = client.get("/profile?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/profile%3Fx%3D1")
    assert "Content-Security-Policy" in answer.headers
    form = client.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert "Know who is waiting" in form.text
    assert "unsafe" not in form.headers["content-security-policy"]


def test_signing_in_shows_the_frame(inside):
    home = inside.get("/")
    assert home.status_code == 200
    assert "晓雯" in home.text
    assert 'data-theme="auto"' in home.text
    assert csrf(inside) in home.text
    assert inside.cookies["guanxi"] not in home.text


def test_wrong_password_and_unknown_account_look_the_same(client):
    answers = [
        client.post("/sign-in", data={"email": email, "password": "wrong wrong"}, headers=BROWSER)
        for email in (EMAIL, "nobody@example.com")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    texts = [a.text.replace(EMAIL, "").replace("nobody@example.com", "") for a in answers]
    assert texts[0] == texts[1]


def test_guessing_is_slowed_per_account(space, user):
    with space.read(system("test")) as work:
        catalog, now = work.catalog, work.now

    def attempt(password, at=now, address="10.0.0.1"):
        return passwords.authenticate(space.db, catalog, EMAIL, password, address=address, now=at)

    for _ in range(throttle.FREE):
        with pytest.raises(Unauthenticated):
            attempt("wrong wrong")
    with pytest.raises(TooMany):
        attempt(PASSWORD)
    second = 1_000_000
    with pytest.raises(Unauthenticated):
        attempt("wrong wrong", now + 6 * second)
    with pytest.raises(TooMany):  # the next wait is twice as long
        attempt(PASSWORD, now + 12 * second)
    assert attempt(PASSWORD, now + 17 * second) == user
    assert attempt(PASSWORD, now) == user


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({}, False),
    ],
)
def test_forged_requests_are_refused(inside, headers, token):
    data = {"_csrf": csrf(inside)} if token else {"_csrf": "0" * 40}
    assert inside.post("/change", data=data, headers=headers).status_code == 403


def test_our_own_forms_and_scripts_pass(inside):
    assert inside.post("/change", data={"_csrf": csrf(inside)}, headers=BROWSER).status_code == 303
    assert inside.post("/change", headers={**BROWSER, "X-CSRF-Token": csrf(inside)}).status_code == 303
    upload = inside.post("/change", data={"_csrf": csrf(inside)}, files={"f": b"x"}, headers=BROWSER)
    assert upload.status_code == 303
    assert "Saved" in inside.get("/").text
    assert "Saved" not in inside.get("/").text


def test_signing_out_ends_the_session_on_the_server(inside):
    token = inside.cookies["guanxi"]
    assert inside.post("/sign-out", data={"_csrf": csrf(inside)}, headers=BROWSER).status_code == 303
    inside.cookies.set("guanxi", token)
    assert inside.get("/").status_code == 303


def test_profile_language_password_and_devices(inside, space, user):
    other = sessions.open_session(space.db, user, agent="Other", address="", now=space.clock())
    saved = inside.post(
        "/profile",
        data={"_csrf": csrf(inside), "language": "en", "theme": "dark", "zone": "Europe/Berlin"},
        headers=BROWSER,
    )
    assert saved.status_code == 303, saved.text
    shown = inside.get("/profile")
    assert "Signed-in devices" in shown.text
    assert 'data-theme="dark"' in shown.text
    assert "Other" in shown.text
    wrong = {"_csrf": csrf(inside), "present": "nope", "fresh": "a new long sentence"}
    assert inside.post("/profile/password", data=wrong, headers=BROWSER).status_code == 422
    right = {**wrong, "present": PASSWORD}
    assert inside.post("/profile/password", data=right, headers=BROWSER).status_code == 303
    assert sessions.read_session(space.db, other, space.clock()) is None
    assert inside.get("/").status_code == 200


def test_guesses_at_the_present_password_are_counted(inside, space):
    guess = {"_csrf": csrf(inside), "present": "nope", "fresh": "a new long sentence"}

    def answer(**other):
        return inside.post("/profile/password", data={**guess, **other}, headers=BROWSER)

    assert {answer().status_code for _ in range(10)} == {422}
    refused = answer(present=PASSWORD)
    assert refused.status_code == 429
    assert "试的次数太多了" in refused.text
    clock = space.clock
    space.clock = lambda: clock() + 16 * 60_000_000
    assert answer(present=PASSWORD).status_code == 303


def test_sessions_end_by_themselves(space, user):
    now = space.clock()
    token = sessions.open_session(space.db, user, agent="", address="", now=now)
    assert sessions.read_session(space.db, token, now + sessions.DAY) is not None
    assert sessions.read_session(space.db, token, now + sessions.DAY + sessions.USUAL.idle) is None
    assert sessions.read_session(space.db, "made up", now) is None


def test_errors_say_what_to_do_and_betray_nothing(inside):
    unknown, missing = inside.get("/nowhere"), inside.get("/fail/missing")
    assert unknown.status_code == missing.status_code == 404
    defect = inside.get("/fail/defect")
    assert defect.status_code == 500
    assert defect.headers["x-request-id"] in defect.text
    assert "boom" not in defect.text
    piece = inside.get("/fail/refused", headers={"HX-Request": "true"})
    assert piece.status_code == 403
    assert "gx:toast" in piece.headers["hx-trigger"]
    assert piece.text == ""


def test_language_without_an_account(client):
    answer = client.post("/language", data={"language": "en"}, headers=BROWSER)
    assert answer.status_code == 303
    assert "Sign in" in client.get("/sign-in").text
    assert client.post("/language", data={"language": "xx"}, headers=BROWSER).status_code == 422


@pytest.mark.parametrize("bad", ["short", "aaaaaaaaaaaaaa", EMAIL, "x" * 300])
def test_weak_passwords_are_refused(bad):
    with pytest.raises(Invalid):
        passwords.judge_password(bad, names=(EMAIL,))


def test_an_installed_app_has_a_page_for_no_network(client):
    assert client.get("/manifest.webmanifest").json()["display"] == "standalone"
    worker = client.get("/worker.js").text
    assert "FILES" not in worker
    assert all(client.get(path).status_code == 200 for path in re.findall(r'"(/[^"]+)"', worker.partition(";")[0]))
