"""The OpenAPI document holds what it says: every address of it is tried with made-up requests."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from starlette.applications import Starlette
from starlette.testclient import TestClient

from guanxi.kernel.context import Space
from guanxi.kernel.records.operations import operations
from tests import make
from tests.entrypoints.api.conftest import Client
from tests.entrypoints.api.test_every_object import ELSEWHERE

CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


def try_everything(space: Space, app: Starlette, examples: int, part: int = 0, parts: int = 1) -> int:
    """Requests to every operation (or every n-th) of the administrator's document; gives how many were tried."""
    user = make.person(space)
    headers = {"Authorization": f"Bearer {make.token(space, user)}", "Accept-Language": "en"}
    known = real_ids(space, user)
    document = TestClient(app).get("/api/v1/openapi.json", headers=headers).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    tried = 0
    for place, found in enumerate(schema.get_all_operations()):
        if place % parts != part:
            continue
        tried += 1
        operation: Any = found
        _try(operation.ok(), headers, examples, known)
    return tried


def real_ids(space: Space, user: int) -> dict[str, str]:
    """A record of each object by the first part of its addresses, and an operation."""
    found: dict[str, str] = {}
    with space.read(user) as work:
        names = [o.name for o in work.catalog.objects.values() if not o.parent and o.name not in ELSEWHERE]
    for name in names:
        found[name] = str(make.record(space, name, user))
    with space.read(user) as work:
        found["operations"] = str(operations(work, limit=1)[0].id)
    return found


def _try(operation: Any, headers: dict[str, str], examples: int, known: dict[str, str]) -> None:
    real = next((known[part] for part in operation.path.split("/") if part in known), "")

    @given(case=operation.as_strategy(), there=strategies.booleans())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any, there: bool) -> None:
        if there and real and "id" in case.path_parameters:
            case.path_parameters["id"] = real
        case.call_and_validate(headers=headers, checks=CHECKS)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hypothesis and schemathesis talk about their own inner workings
        run()


def test_every_address_holds_what_the_document_says(space: Space, app: Starlette) -> None:
    assert try_everything(space, app, examples=3) > 150


@pytest.mark.slow
def test_every_address_with_many_requests(space: Space, app: Starlette) -> None:
    assert try_everything(space, app, examples=60) > 150


def test_the_document_shows_what_the_caller_may_do(client: Client) -> None:
    full = client().get("/openapi.json").json()
    assert full["openapi"] == "3.1.0"
    assert "post" in full["paths"]["/role"]
    assert full["paths"]["/account"]["get"]["summary"] == "List Accounts"
    sales = client("sales").get("/openapi.json").json()
    assert "post" not in sales["paths"]["/role"]
    assert "post" in sales["paths"]["/account"]
    analyst = client("analyst").get("/openapi.json").json()
    shared = {path: item for path, item in analyst["paths"].items() if path.startswith(("/account", "/lead", "/user"))}
    assert {verb for item in shared.values() for verb in item} == {"get"}
    assert "post" in analyst["paths"]["/view"], "personal records are everybody's own"
    chinese = client().get("/openapi.json", headers={"Accept-Language": "zh-CN"}).json()
    assert chinese["paths"]["/account"]["get"]["summary"] == "客户列表"


def test_references_in_the_document_lead_somewhere(client: Client) -> None:
    document = client().get("/openapi.json").json()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            target: Any = document
            for part in node.get("$ref", "#").split("/")[1:]:
                target = target[part]
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(document)


def test_the_docs_page_is_ours_and_strict(app: Starlette) -> None:
    client = TestClient(app, "http://guanxi.test/api/v1")
    page = client.get("/docs")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    for name in ("docs.js", "docs.css"):
        assert f'"docs/{name}"' in page.text
        assert client.get(f"/docs/{name}").status_code == 200
    assert client.get("/docs/secret.py").status_code == 404
