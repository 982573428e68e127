"""Every sentence that the apps can say has its Chinese form, with the same gaps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import guanxi.apps
from guanxi.base.i18n import catalogue

APPS = Path(guanxi.apps.__file__).parent
GAP = re.compile(r"\{(\w+)\}")


def sentences() -> set[str]:
    """Texts given to `msg`, `_refuse` and `_error`, directly or through a local `text`."""
    found: set[str] = set()
    for path in APPS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("msg", "_refuse", "_error"):
                    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                    found.update(t for t in texts if " " in t)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                if isinstance(node.value.value, str) and getattr(node.targets[0], "id", "") == "text":
                    found.add(node.value.value)
    return found


def test_every_sentence_is_translated_with_its_gaps() -> None:
    chinese = catalogue("zh-CN")
    found = sentences()
    assert len(found) > 20
    missing = sorted(text for text in found if text not in chinese)
    assert not missing
    assert not [t for t in found if set(GAP.findall(t)) != set(GAP.findall(chinese[t]))]
