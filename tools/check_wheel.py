"""Look into a built wheel: it must carry the front-end files, translations and templates."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

VENDOR = "guanxi/entrypoints/web/static/vendor/"


def complaints(wheel: Path) -> list[str]:
    """What lacks in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        if VENDOR + "manifest.json" not in names:
            return ["front-end files are missing: run `make assets` first"]
        listed = json.loads(archive.read(VENDOR + "manifest.json"))["files"]
    lacks = [f"{name} is in the manifest but not in the wheel" for name in listed if VENDOR + name not in names]
    wanted = {"translations": ".po", "templates": ".html", "licence": "LICENSE"}
    lacks += [f"{what} are missing" for what, end in wanted.items() if not any(n.endswith(end) for n in names)]
    return lacks


def main(folder: str) -> int:
    """Check the newest wheel of that folder."""
    wheels = sorted(Path(folder).glob("guanxi-*.whl"))
    if not wheels:
        print(f"no wheel in {folder}")
        return 1
    problems = complaints(wheels[-1])
    size = wheels[-1].stat().st_size // 1024
    print("\n".join(problems) or f"{wheels[-1]}: {size:,} KB, complete")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
