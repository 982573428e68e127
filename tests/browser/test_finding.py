"""Everything can be found: settings by typing in either language, every page from a phone, settings in the palette."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("words", ["备份", "backup"])
def test_settings_are_found_by_typing_in_either_language(open_page: Open, words: str) -> None:
    page = open_page("/settings")
    page.wait_for_selector("input[data-narrow][data-ready]")
    page.fill("input[data-narrow]", words)
    left = page.locator("#settings a:visible").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert "/settings/backup" in left
    assert len(left) <= 3
    page.fill("input[data-narrow]", "没有这回事")
    assert page.locator("[data-narrow-none]").is_visible()
    assert page.locator("#settings a:visible").count() == 0


def test_a_phone_reaches_every_page_of_the_side_bar(open_page: Open) -> None:
    wide = open_page("/").locator("#side a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    page = open_page("/", size="phone")
    assert page.locator("#side").is_hidden()
    page.click("[popovertarget=side]")
    assert page.locator("#side a:visible").evaluate_all("all => all.map(a => a.getAttribute('href'))") == wide
    page.click("#side a[href='/settings']")
    page.wait_for_url("**/settings")


def test_the_palette_finds_settings_for_administrators(open_page: Open) -> None:
    page = open_page("/")
    page.click("[data-palette]")
    page.keyboard.type("安全检查")
    page.wait_for_selector('a.gx-hit[href="/settings/security-check"]')
