"""Templates and scripts run under a Content-Security-Policy without unsafe-inline and unsafe-eval."""

import re

import pytest

from guanxi.entrypoints.cli.assets import VENDOR, used_icons
from tests.architecture.sources import PACKAGE, files, place, templates

FORBIDDEN_IN_TEMPLATES = {
    "style attribute": r"<[^>]*\sstyle\s*=",
    "style element": r"<style\b",
    "event attribute": r"<[^>]*\son[a-z]+\s*=\s*[\"'{]",
    "inline script": r"<script\b(?![^>]*\b(?:src\s*=|type\s*=\s*[\"']?(?:application/json|importmap)))[^>]*>",
    "hx-on": r"\shx-on[:\s=]",
    "js: value": r"[\"'](?:js|javascript):",
    "trigger filter": r"hx-trigger\s*=\s*\"[^\"]*\[|hx-trigger\s*=\s*'[^']*\[",
    "unescaped output": r"[^\"'\s]\s*\|\s*safe\b|\{%-?\s*autoescape\s+false",  # a literal may be `safe`
}
FORBIDDEN_IN_SCRIPTS = {
    "eval": r"\beval\s*\(|\bnew\s+Function\b|set(?:Timeout|Interval)\s*\(\s*[\"'`]",
    "style attribute": r"setAttribute\(\s*[\"']style[\"']",
    "document.write": r"document\.write\b",
}


def offences(text: str, rules: dict[str, str]) -> list[tuple[str, int]]:
    """Name and line of everything that the policy would block."""
    return [
        (name, text.count("\n", 0, match.start()) + 1)
        for name, pattern in rules.items()
        for match in re.finditer(pattern, text)
    ]


def test_templates_hold_the_policy():
    found = [
        f"{place(path, line)}: {name}"
        for path in templates()
        for name, line in offences(
            re.sub(r"\{#.*?#\}", _blank, path.read_text("utf-8"), flags=re.DOTALL), FORBIDDEN_IN_TEMPLATES
        )
    ]
    assert found == []


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")  # a comment goes, its lines stay countable


def test_our_scripts_hold_the_policy():
    ours = [path for path in files() if path.suffix in {".js", ".mjs"} and path.is_relative_to(PACKAGE)]
    found = [
        f"{place(path, line)}: {name}"
        for path in ours
        for name, line in offences(path.read_text("utf-8"), FORBIDDEN_IN_SCRIPTS)
    ]
    assert found == []


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color:red">', "<style>", '<a onclick="go()">', "<script>go()</script>", '<b hx-on:click="x">',
        """<b hx-vals='js:{a: 1}'>""", """<b hx-trigger="keyup[key=='x']">""", "{{ x | safe }}",
    ],
)  # fmt: skip
def test_the_rules_see_what_they_forbid(bad):
    assert offences(bad, FORBIDDEN_IN_TEMPLATES)


@pytest.mark.parametrize(
    "good",
    ['<script src="/static/app.js" defer></script>', '<script type="application/json">{}</script>', "<b once=1>"],
)
def test_the_rules_let_pass_what_is_allowed(good):
    assert not offences(good, FORBIDDEN_IN_TEMPLATES)


def test_every_icon_used_exists():
    sprite = VENDOR / "icons.svg"
    assert sprite.exists(), "front-end files are missing: make assets"
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))
    assert used_icons() - there == set(), "no such Tabler icon, or `make assets` has not run since"
