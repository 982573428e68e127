"""The page of each field type says what the type really does."""

import json
import re
from pathlib import Path

import pytest

from guanxi.kernel.fields.operators import OPERATORS
from guanxi.kernel.fields.registry import TYPES, operators_of
from tests.kernel.fields.samples import ENV, sample

PAGES = Path(__file__).parents[3] / "docs" / "fields"


def test_every_type_has_a_page_and_every_page_a_type():
    assert {page.stem for page in PAGES.glob("*.md")} == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_the_page_lists_the_operators(name):
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", (PAGES / f"{name}.md").read_text("utf-8"), re.MULTILINE)
    offered = operators_of(sample(name))
    assert rows == [(o, OPERATORS[o].label.en, OPERATORS[o].label.zh) for o in offered]


@pytest.mark.parametrize("name", [n for n in TYPES if n != "formula"])
def test_the_examples_of_the_page_are_taken(name):
    page, field, kind = (PAGES / f"{name}.md").read_text("utf-8"), sample(name), TYPES[name]
    blocks = dict(re.findall(r"```(text|json)\n(.*?)\n```", page, re.DOTALL))
    for cell in blocks["text"].split("\n"):
        assert kind.parse(field, cell, ENV)[0] is not None
    values = kind.parse(field, json.loads(blocks["json"]), ENV)
    sent, shown = kind.to_json(field, values), json.loads(blocks["json"])
    assert sent == shown or shown.items() <= sent.items()
