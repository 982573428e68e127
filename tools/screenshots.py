"""Pictures for the guide: serves the sample company on a free port and photographs its pages with headless Chromium."""

from __future__ import annotations

import json
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TARGET = Path(__file__).parents[1] / "docs" / "guide" / "pictures"
WIDTH, HEIGHT = 1280, 800
PASSWORD = "guanxi-demo"  # of the sample company; it is printed at each start
PEOPLE = {"zh": "demo@guanxi.example", "en": "english@guanxi.example"}
FILE = (
    "name,industry,employees,phone\nHarbour Tools,machinery,60,0512-62881234\nNorth Mill,machinry,abc,\n"
    "East Works,machinry,900,\nRiver Plastics,logistics,around 40,\n"
)
Prepare = Callable[["Page", str], None]


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The real command with the sample company; ends with the block."""
    guanxi = [sys.executable, "-m", "guanxi", "--home", str(home)]
    log = home / "run.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen([*guanxi, "run", "--demo", "--port", "0"], stdout=out, stderr=subprocess.STDOUT)
        try:
            address = _address(process, log)
            add = ["--workspace", "demo", "user", "add", PEOPLE["en"], "--name", "Mia Chen", "--role", "administrator"]
            subprocess.run(
                [*guanxi, *add, "--password-stdin"], input=PASSWORD.encode(), check=True, capture_output=True
            )
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.2)
    raise SystemExit(f"The sample company did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def sign_in(browser: Browser, address: str, language: str) -> Page:
    """A page of somebody who reads that language."""
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light").new_page()
    page.goto(f"{address}/sign-in")
    page.fill("input[name=email]", PEOPLE[language])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/profile")
    page.select_option("form select[name=language]", {"zh": "zh-CN", "en": "en"}[language])
    with page.expect_navigation():
        page.locator("form:has(select[name=language]) [type=submit]").first.click()
    return page


def at(path: str) -> Prepare:
    return lambda page, address: _go(page, address + path)


def _go(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle", timeout=5_000) if "/reports" in url else page.wait_for_load_state("load")


def busiest_account(page: Page, address: str) -> None:
    """The account somebody spoke with last."""
    _go(page, f"{address}/o/account?sort=-last_activity_at")
    link = page.locator('a[href^="/o/account/"]').filter(has_not=page.locator("svg")).first
    _go(page, address + str(link.get_attribute("href")))


def first_role(page: Page, address: str) -> None:
    _go(page, f"{address}/settings/roles")
    links = page.locator('a[href^="/settings/roles/"]')
    hrefs = [str(links.nth(n).get_attribute("href")) for n in range(links.count())]
    wanted = [href for href in hrefs if re.search(r"/\d+$", href)]
    _go(page, address + wanted[min(1, len(wanted) - 1)])


def faulty_import(page: Page, address: str) -> None:
    """A file with two kinds of faults, up to the page where they are mended."""
    _go(page, f"{address}/import/account")
    sent = {"name": "customers.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.set_input_files("[data-import-file] [type=file]", sent)  # type: ignore[arg-type]  # playwright's own form of a file
    page.wait_for_selector("#columns")
    page.click("button[name=go]")
    page.wait_for_selector("#totals")


def undone_edit(page: Page, address: str) -> None:
    """A bulk edit as its preview shows it."""
    _go(page, f"{address}/o/account")
    held = page.evaluate("document.body.getAttribute('hx-headers:inherited')")
    token = json.loads(held)["X-CSRF-Token"]
    ids = page.locator("tr[data-id]").evaluate_all("rows => rows.slice(0, 6).map(r => r.dataset.id).join(',')")
    form = {"ids": ids, "field": "payment_terms", "value": "Net 60", "back": "/o/account"}
    headers = {"X-CSRF-Token": token, "HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
    page.request.post(f"{address}/o/account/bulk/edit/apply", form=form, headers=headers)
    for ident in ids.split(",")[:2]:  # somebody goes on with two of them
        later = {"ids": ident, "field": "payment_terms", "value": "30% in advance", "back": "/o/account"}
        page.request.post(f"{address}/o/account/bulk/edit/apply", form=later, headers=headers)
    _go(page, f"{address}/operations")
    page.locator('a[href^="/operations/"]', has_text="changed 6").first.click()
    page.wait_for_load_state("load")


def who_sees(page: Page, address: str) -> None:
    """Why this page is open to oneself, and to whom else."""
    busiest_account(page, address)
    page.click('[popovertarget][hx-get$="/who"], [hx-get$="/who"]')


def merged_pair(page: Page, address: str) -> None:
    """Two accounts side by side before they become one."""
    _go(page, f"{address}/o/account")
    ids = page.locator("tr[data-id]").evaluate_all("rows => rows.slice(0, 2).map(r => r.dataset.id).join(',')")
    _go(page, f"{address}/merge/account?ids={ids}")


def checked_role(page: Page, address: str) -> None:
    """What a change of a role would do, before it is saved."""
    first_role(page, address)
    page.select_option('[name="scope.*.read"]', "all")
    with page.expect_navigation():
        page.click("[name=do][value=check]")


def found_twins(page: Page, address: str) -> None:
    """The search for duplicates has run."""
    _run_job(page, f"{address}/duplicates/contact", 'form[action$="/search"] button')


def measured_quality(page: Page, address: str) -> None:
    """The figures of data quality have been counted."""
    _run_job(page, f"{address}/quality", "main form button")
    page.locator('a[href^="/quality/"]').first.click()
    page.wait_for_load_state("load")


def _run_job(page: Page, url: str, button: str) -> None:
    _go(page, url)
    page.locator(button).first.click()
    page.wait_for_timeout(8_000)  # a job in the background
    _go(page, url)


def wished_erasure(page: Page, address: str) -> None:
    """What erasing a person would take, and what stays."""
    _go(page, f"{address}/o/contact")
    links = page.locator('tbody a[href^="/o/contact/"]')
    _go(page, address + str(links.nth(4).get_attribute("href")))
    wish = page.locator('a[href^="/settings/erasures/new"]').first.get_attribute("href")
    _go(page, address + str(wish))


SHOTS: tuple[tuple[str, str, Prepare], ...] = (
    ("record-en", "en", busiest_account),
    ("record-zh", "zh", busiest_account),
    ("today-en", "en", at("/")),
    ("today-zh", "zh", at("/")),
    ("board-en", "en", at("/o/opportunity/board")),
    ("board-zh", "zh", at("/o/opportunity/board")),
    ("funnel-en", "en", at("/reports/funnel?period=year&owner=all")),
    ("funnel-zh", "zh", at("/reports/funnel?period=year&owner=all")),
    ("import-en", "en", faulty_import),
    ("undo-en", "en", undone_edit),
    ("roles-zh", "zh", first_role),
    ("objects-zh", "zh", at("/settings/objects/contact")),
    ("settings-en", "en", at("/settings")),
    ("role-change-zh", "zh", checked_role),
    ("who-en", "en", who_sees),
    ("merge-en", "en", merged_pair),
    ("duplicates-zh", "zh", found_twins),
    ("quality-zh", "zh", measured_quality),
    ("erasure-en", "en", wished_erasure),
    ("audit-zh", "zh", at("/settings/audit")),
)


PIXELS = """async (data) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}"""


def shrink(blank: Page, picture: bytes) -> bytes:
    """The picture with its 256 most frequent colours: a third of the size, and nobody sees the difference."""
    raw = b64decode(blank.evaluate(PIXELS, b64encode(picture).decode()))
    colours = [raw[at : at + 3] for at in range(0, len(raw), 4)]
    seen = Counter(colours)
    kept = [colour for colour, _ in seen.most_common(256)]
    place = {colour: n for n, colour in enumerate(kept)}
    for colour in seen:
        if colour not in place:
            place[colour] = min(range(len(kept)), key=lambda n: _distance(kept[n], colour))
    flat = bytes(place[colour] for colour in colours)
    rows = b"".join(b"\0" + flat[at : at + WIDTH] for at in range(0, len(flat), WIDTH))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", b"".join(kept)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def take(names: set[str]) -> list[str]:
    """All pictures, or those named; gives what could not be taken."""
    TARGET.mkdir(parents=True, exist_ok=True)
    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    failed = []
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        blank = browser.new_page()
        pages: dict[str, Any] = {language: sign_in(browser, address, language) for language in PEOPLE}
        for name, language, prepare in SHOTS:
            if names and name not in names:
                continue
            try:
                prepare(pages[language], address)
                pages[language].wait_for_timeout(900)  # charts and fonts settle
                (TARGET / f"{name}.png").write_bytes(shrink(blank, pages[language].screenshot()))
                print(name)
            except Exception as error:  # noqa: BLE001 - one picture that fails must not keep the others away
                failed.append(f"{name}: {str(error).splitlines()[0]}")
        browser.close()
    return failed


if __name__ == "__main__":
    for fault in (left := take(set(sys.argv[1:]))):
        print(fault, file=sys.stderr)
    sys.exit(bool(left))
