"""Checks of what lies outside the database: headers of the running server, versions, known holes of packages."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

Found = tuple[str, str, str, dict[str, str]]  # code, grade, text, gaps
HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
           "cross-origin-resource-policy", "permissions-policy")  # fmt: skip
AUDIT_SECONDS = 120
_ROOT = Path(__file__).resolve().parents[4]


def found_on_line(address: str, seconds: float = 5.0) -> list[Found]:
    """Asks the server for a page, as a browser would, and looks at what comes with it."""
    if not address.startswith(("http://", "https://")):
        return [("headers", "not_checked", "The running server was not asked for its headers.", {})]
    try:
        with urlopen(Request(f"{address.rstrip('/')}/sign-in"), timeout=seconds) as answer:  # noqa: S310 - checked above
            headers = {name.lower(): value for name, value in answer.headers.items()}
    except HTTPError as error:
        headers = {name.lower(): value for name, value in error.headers.items()}
    except (URLError, OSError, ValueError):
        return [("headers", "not_checked", "The server at {address} does not answer.", {"address": address})]
    found: list[Found] = [
        ("headers", "high", "The server answers without the header {name}.", {"name": name})
        for name in HEADERS
        if name not in headers
    ]
    if "unsafe" in headers.get("content-security-policy", ""):
        found.append(("policy", "high", "The content security policy allows unsafe scripts or styles.", {}))
    if address.startswith("https://") and "strict-transport-security" not in headers:
        found.append(("hsts", "medium", "The server answers without the header {name}.",
                      {"name": "strict-transport-security"}))  # fmt: skip
    return found


def found_in_versions(file: Path | None = None) -> list[Found]:
    """Installed versions beside those this version was tested with."""
    path = file or _ROOT / "constraints.txt"
    if not path.is_file():
        return [("versions", "not_checked", "The list of tested versions is not installed here.", {})]
    different = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, pinned, wanted = line.strip().partition("==")
        if not pinned or name.startswith("#"):
            continue
        try:
            have = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if have != wanted:
            different.append(f"{name} {have} ({wanted})")
    text = "Installed versions differ from the tested ones: {names}."
    return [("versions", "medium", text, {"names": ", ".join(different[:20])})] if different else []


def found_in_packages() -> list[Found]:
    """Known holes, by pip-audit; without it or without its database that is said, not passed over."""
    if find_spec("pip_audit") is None:
        text = "Known holes in packages were not looked for: install the extra “scan” (pip-audit)."
        return [("packages", "not_checked", text, {})]
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "10",
               "--local"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_SECONDS, check=False)
        listed = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):
        text = "Known holes in packages were not looked for: no database of them is within reach."
        return [("packages", "not_checked", text, {})]
    return [
        ("hole", "high", "{name} {version} has a known hole: {id}.",
         {"name": str(one["name"]), "version": str(one.get("version", "")), "id": str(hole["id"])})
        for one in listed
        for hole in one.get("vulns", ())
    ]  # fmt: skip
