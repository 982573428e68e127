"""The pages of data quality, their settings and the API: figures lead to the records they count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.api.app import create_api
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.routes import ROUTES
from guanxi.kernel.context import Space
from guanxi.kernel.quality.keep import keep_object
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.web.records.conftest import BROWSER, PASSWORD, Browser, OneSpace, users

__all__ = ["users"]  # a fixture


@pytest.fixture
def sign_in(space: Space, users: dict[str, int]) -> Iterator[Any]:
    app = create_web(OneSpace(space), ROUTES)

    def enter(name: str) -> Browser:
        client = TestClient(app, follow_redirects=False)
        client.post("/sign-in", data={"email": f"{name}@example.com", "password": PASSWORD}, headers=BROWSER)
        return Browser(client, users[name])

    yield enter
    render.ENV.clear()


@pytest.fixture
def people(space: Space, users: dict[str, int]) -> None:
    for name, many in (("seller", 3), ("admin", 4)):
        with space.write(users[name]) as work:
            save(work, [Change("create", "contact", {"name": f"{name} {n}"}) for n in range(many)])


def test_each_figure_leads_to_the_records_it_counts(
    space: Space, users: dict[str, int], people: None, sign_in: Any
) -> None:
    admin, seller = sign_in("admin"), sign_in("seller")
    assert "Not measured yet" in admin.get("/quality").text
    keep_object(space, "contact")
    assert "/quality/contact" in seller.get("/quality").text
    page = seller.get("/quality/contact").text
    links = {unescape(href) for href in re.findall(r'href="(/o/contact\?[^"]*is_empty[^"]*)"', page)}
    assert links
    for link in links:
        assert seller.get(link).status_code == 200
    assert "admin" not in re.sub(r"(?s)<aside.*?</aside>", "", page).replace("administrator", "")
    assert admin.get("/quality/nothing").status_code == 404


def test_measuring_now_is_for_those_who_see_all(space: Space, users: dict[str, int], sign_in: Any) -> None:
    assert sign_in("admin").post("/quality/measure").status_code == 303
    assert sign_in("seller").post("/quality/measure").status_code == 403


def test_rest_tells_the_same_as_the_page(space: Space, users: dict[str, int], people: None) -> None:
    keep_object(space, "contact")
    seller = make.token(space, users["seller"])
    client = TestClient(create_api(OneSpace(space)), headers={"Authorization": f"Bearer {seller}"})
    (found,) = client.get("/quality", params={"object": "contact", "by": "owner"}).json()["data"]
    assert found["records"] == 3
    assert found["groups"] == [{"key": str(users["seller"]), "records": 3, "scores": found["scores"]}]
    (reach,) = [c for c in found["checks"] if c["name"] == "filled.reach"]
    assert (reach["looked"], reach["good"]) == (3, 0)
    assert client.get("/contact/count", params={"filter": reach["filter"], "exact": "true"}).json()["count"] == 3
    (days,) = client.get("/quality", params={"object": "contact", "by": "day"}).json()["data"]
    assert [g["key"] for g in days["groups"]] == [found["day"]]
    assert client.get("/quality", params={"by": "moon"}).status_code == 400


def test_weights_are_set_on_a_page(space: Space, users: dict[str, int], sign_in: Any) -> None:
    admin = sign_in("admin")
    page = admin.get("/settings/quality?object=contact").text
    names = re.findall(r'name="(w\.[^"]+)"', page)
    assert "w.filled.reach" in names
    form = {"object": "contact", "days": "30", "most": "5000", **dict.fromkeys(names, "1"), "w.filled.reach": "0"}
    assert admin.post("/settings/quality", form).status_code == 303
    assert admin.post("/settings/quality", {**form, "days": "0"}).status_code == 422
    keep_object(space, "contact")
    with space.read(users["admin"]) as work:
        assert work.catalog.settings["quality"]["contact"]["weights"]["filled.reach"] == 0
    assert sign_in("seller").get("/settings/quality").status_code in (403, 404)
