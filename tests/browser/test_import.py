"""The import wizard in a real browser: a file with misspelt sectors is mapped, mended by one click and imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.stories import maven

pytestmark = pytest.mark.browser
SMALL = "account,sector,year_established,office_location,subsidiary_of\n" + "".join(
    f"Browser Works {n},{'technolgy' if n % 3 else 'software'},19{50 + n},"
    f"{'Philipines' if n == 5 else 'United States'},{'Browser Works 1' if n == 9 else ''}\n"
    for n in range(1, 31)
)


def test_a_file_with_dirt_is_mended_and_goes_in(open_page: Open, tmp_path: Path) -> None:
    data = maven.folder()
    path = data / "accounts.csv" if data else tmp_path / "accounts.csv"
    if data is None:
        path.write_text(SMALL)
    rows = len(path.read_text().splitlines()) - 1
    wrong = path.read_text().count("technolgy")
    page = open_page("/import/account", language="en")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_input_files("[data-import-file] [type=file]", path)
    page.wait_for_selector("#columns")
    for column, field in (("sector", "industry"), ("office_location", "address"), ("subsidiary_of", "parent")):
        with page.expect_response("**/columns"):
            page.get_by_label(f"Field for {column}").select_option(field)
    with page.expect_response("**/columns"):
        page.select_option("[name=key]", "name")
    page.get_by_text("cells of the first rows do not fit").wait_for()
    page.click("button[name=go]")
    page.wait_for_selector("#totals")
    assert f"{wrong} rows to mend" in page.inner_text("#import-left") or f"{wrong + 1} rows" in page.inner_text(
        "#import-left"
    )
    page.locator(".gx-suggest button").first.click()
    page.get_by_text(f"“technolgy” is now “technology” in {wrong} rows").wait_for()
    cell = page.locator("td.gx-cell-bad", has_text="Philipines")
    cell.dblclick()
    page.fill("td input[name=value]", "Philippines")
    with page.expect_response("**/totals*"):
        page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Import {rows} rows").click()
    page.get_by_text(f"{rows} rows are in").wait_for(timeout=30_000)
    page.get_by_text("See the records").click()
    page.get_by_text(f"{rows} records").first.wait_for()
    page.go_back()
    page.get_by_text("Undo the import").wait_for()
    assert errors == []
