"""A served sample company and a signed-in Chromium; one server per test worker."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SIZES = {"desktop": (1280, 800), "phone": (390, 844), "small": (360, 740), "tablet": (1024, 768)}
PEOPLE = {"zh-CN": "demo@guanxi.example", "en": "english@guanxi.example"}
Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a demo workspace served by the real command."""
    home = tmp_path_factory.mktemp("home")
    log = (home / "run.log").open("w+", encoding="utf-8")
    guanxi = [sys.executable, "-m", "guanxi", "--home", str(home)]
    command = [*guanxi, "run", "--demo", "--port", "0"]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        address = _address(process, home / "run.log")
        add = ["--workspace", "demo", "user", "add", PEOPLE["en"], "--role", "administrator", "--password-stdin"]
        subprocess.run([*guanxi, *add], input=b"guanxi-demo", check=True, capture_output=True)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        log.close()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.2)
    raise RuntimeError("the server did not start: " + log.read_text(encoding="utf-8")[-2000:])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(served: str, chromium: Browser) -> dict[str, dict[str, object]]:
    """Cookies by language: the sample company's administrator reads Chinese, a second one English."""
    found = {}
    for language, email in PEOPLE.items():
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{served}/sign-in")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", "guanxi-demo")
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{served}/")
        page.goto(f"{served}/profile")
        page.select_option("form select[name=language]", language)
        with page.expect_navigation():
            page.locator("form:has(select[name=language]) [type=submit]").first.click()
        found[language] = dict(context.storage_state())
        context.close()
    return found


@pytest.fixture
def open_page(served: str, chromium: Browser, signed_in: dict[str, dict[str, object]]) -> Iterator[Open]:
    """`open_page("/o/account", size="phone", language="en", scheme="dark")` as an administrator of the samples."""
    pages: dict[tuple[str, ...], Page] = {}

    def opened(
        path: str, *, size: str = "desktop", language: str = "zh-CN", scheme: str = "light", fresh: bool = False
    ) -> Page:
        key = (size, language, scheme)
        if fresh or key not in pages:
            width, height = SIZES[size]
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type] # a literal in the signature
                storage_state=signed_in[language],  # type: ignore[arg-type] # playwright's own form, given back
                locale=language,
                service_workers="block",
            )
            context.set_default_timeout(15_000)
            pages[(*key, str(len(pages))) if fresh else key] = context.new_page()
        page = list(pages.values())[-1] if fresh else pages[key]
        page.goto(served + path)
        page.wait_for_load_state("load")
        return page

    yield opened
    for page in pages.values():
        page.context.close()
