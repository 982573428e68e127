"""`docs/map.md` names every folder, and nothing that is not there."""

import re
from pathlib import Path

from tests.architecture.sources import PACKAGE, ROOT, files

MAP = ROOT / "docs" / "map.md"
CLOSED = {"templates", "static", "locale"}  # what is below them is named by objects, types and languages
NAMED = re.compile(r"^\s*[-|*]\s*`([^`]+)/`", re.MULTILINE)


def folders() -> set[str]:
    """Every folder with a file of ours, by its path; a test folder that mirrors a source folder goes without saying."""
    found: set[str] = set()
    for path in files():
        parts = path.relative_to(ROOT).parent.parts
        for depth in range(1, len(parts) + 1):
            found.add("/".join(parts[:depth]))
            if parts[depth - 1] in CLOSED:
                break
    return {name for name in found if not _mirrors(name)}


def _mirrors(name: str) -> bool:
    return name.startswith("tests/") and (PACKAGE / name.removeprefix("tests/")).is_dir()


def named() -> set[str]:
    """Folders that the map explains."""
    return set(NAMED.findall(MAP.read_text(encoding="utf-8")))


def test_every_folder_is_on_the_map():
    assert sorted(folders() - named()) == []


def test_the_map_shows_only_what_is_there():
    assert sorted(name for name in named() if not Path(ROOT / name).is_dir()) == []
