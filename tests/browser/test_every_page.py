"""Every page, both languages, both sizes, light and dark: no script errors, nothing too wide, nothing untranslated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guanxi.base.i18n import catalogue
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "ui" / "build" / "axe.min.js"
PAGES = (
    "/",
    "/o/account",
    "/o/contact",
    "/o/lead",
    "/o/opportunity",
    "/o/opportunity/board",
    "/o/opportunity/new",
    "/o/account/first",
    "/o/opportunity/first",
    "/o/lead/first",
    "/import/account",
    "/operations",
    "/trash",
    "/reports",
    "/reports/funnel",
    "/reports/results",
    "/settings",
    "/settings/users",
    "/settings/roles",
    "/settings/teams",
    "/settings/objects",
    "/settings/pipelines",
    "/settings/currencies",
    "/settings/roles/first",
    "/settings/sharing",
    "/settings/sharing/new",
    "/settings/access",
    "/settings/sign-in",
    "/settings/duplicates",
    "/settings/consent",
    "/settings/audit",
    "/settings/audit/report",
    "/settings/limits",
    "/settings/erasures",
    "/settings/security-check",
    "/settings/health",
    "/settings/backup",
    "/settings/data",
    "/settings/packs",
    "/settings/tokens",
    "/settings/workspace",
    "/temporary-teams",
    "/temporary-teams/new",
    "/tasks",
    "/quality",
    "/duplicates/account",
    "/o/account/export",
    "/o/account/print",
    "/o/contact/first",
    "/notifications",
    "/profile",
    "/profile/second-factor",
    "/search?q=he",
)
WAYS = (
    ("zh-CN", "desktop", "light"),
    ("en", "small", "dark"),
    pytest.param("en", "tablet", "light", marks=pytest.mark.slow),
    pytest.param("en", "desktop", "dark", marks=pytest.mark.slow),
    pytest.param("zh-CN", "phone", "dark", marks=pytest.mark.slow),
    pytest.param("zh-CN", "phone", "light", marks=pytest.mark.slow),
)
TEXTS = """() => [...document.querySelectorAll('body *')]
  .filter(e => !['SCRIPT','STYLE','CODE','PRE'].includes(e.tagName) && !e.closest('body [lang]'))
  .flatMap(e => [...e.childNodes]).filter(n => n.nodeType === 3).map(n => n.textContent.trim()).filter(Boolean)"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RUN_AXE = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


def go(open_page: Open, path: str, **how: Any) -> Any:
    """`…/first` opens the first record of the list."""
    page = open_page(path.removesuffix("/first"), **how)
    if path.endswith("/first"):
        listed = path.removesuffix("/first")
        hrefs = page.locator(f'main a[href^="{listed}/"]').evaluate_all("all => all.map(a => a.getAttribute('href'))")
        link = next(href for href in hrefs if href.rsplit("/", 1)[1].isdigit())
        page.goto(page.url.removesuffix(listed) + link)
        page.wait_for_load_state("load")
    return page


@pytest.mark.parametrize(("language", "size", "scheme"), WAYS)
def test_every_page(open_page: Open, language: str, size: str, scheme: str) -> None:
    faults: list[str] = []
    said: list[str] = []
    axe = AXE.read_text(encoding="utf-8")
    page = open_page("/", language=language, size=size, scheme=scheme)
    page.on("console", lambda m: said.append(m.text) if is_complaint(m) else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    for path in PAGES:
        go(open_page, path, language=language, size=size, scheme=scheme)
        page.wait_for_timeout(300)  # scripts that run after load; live pages never go idle
        faults += [f"{path}: {fault}" for fault in look(page, language)]
        page.evaluate(axe)
        for found in page.evaluate(RUN_AXE):
            if found["impact"] in ("serious", "critical"):
                faults.append(f"{path}: {found['id']}: {found['nodes'][0]['html'][:160]}")
        faults += [f"{path}: said {text}" for text in said]
        said.clear()
    assert not faults, "\n".join(faults)


def is_complaint(message: Any) -> bool:
    """Errors and warnings, but for the worker that these tests keep away."""
    return message.type in ("error", "warning") and "Service Worker" not in message.text


def look(page: Any, language: str) -> list[str]:
    """What is wrong with the page as it stands: no heading, wider than the screen, left in English."""
    faults = []
    if page.locator("h1").count() != 1:
        faults.append(f"{page.locator('h1').count()} headings of the first order")
    if (wide := page.evaluate(WIDE)) > 1:
        faults.append(f"{wide} px too wide")
    if language == "zh-CN":
        sentences = catalogue("zh-CN")
        left = sorted({t for t in page.evaluate(TEXTS) if t in sentences and sentences[t] != t})
        faults += [f"untranslated {left[:5]}"] if left else []
    return faults


@pytest.mark.parametrize("path", ["/", "/o/opportunity", "/o/account/first", "/o/opportunity/new", "/settings/users"])
def test_twice_the_text_size_still_fits(open_page: Open, path: str) -> None:
    page = go(open_page, path, size="small")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.wait_for_timeout(100)
    assert page.evaluate(WIDE) <= 1


def test_a_list_is_light(open_page: Open) -> None:
    """At most 12 requests and 160 KB packed the first time, 30 KB when the browser knows us."""
    page = open_page("/profile", fresh=True)
    loads = [_load(page), _load(page)]
    assert loads[0][0] <= 12, loads
    assert loads[0][1] <= 160_000, loads
    assert loads[1][1] <= 30_000, loads


def _load(page: Any) -> tuple[int, int, list[str]]:
    """Opens a list as a new browser would, or as one that has been here; requests, bytes, addresses."""
    got: list[tuple[str, int]] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    if not getattr(page, "been", False):
        client.send("Network.clearBrowserCache")
        page.been = True
    names: dict[str, str] = {}
    client.on("Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]}))
    client.on("Network.loadingFinished", lambda e: got.append((names.get(e["requestId"], "?"), e["encodedDataLength"])))
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/o/opportunity?view=all")
    page.wait_for_timeout(1200)
    client.detach()
    loaded = [(url, size) for url, size in got if size]
    return len(loaded), sum(size for _, size in loaded), [f"{size} {url[-40:]}" for url, size in loaded]
