"""Where benchmark data live: one SQLite file or PostgreSQL database per size, made once and kept for the next run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests import postgres

CACHE = Path(os.environ.get("GUANXI_BENCH_CACHE", Path(tempfile.gettempdir()) / "guanxi-bench"))
SERVER = {
    # As in use: a commit waits for the disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "random_page_cost": "1.1",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "lc_messages": "C",
}


@contextmanager
def postgres_server() -> Iterator[str]:
    """A private server over the kept data folder; gives its address without a database name."""
    folder = CACHE / "postgresql"
    folder.mkdir(parents=True, exist_ok=True)
    binaries = postgres.find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL programs not found; run with --db sqlite.")
    user = postgres.other_user()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", postgres._free_port()
    if not (data / "PG_VERSION").exists():
        initdb = binaries / "initdb"
        postgres._run(folder, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    options = " ".join(f"-c {name}={value}" for name, value in SERVER.items())
    options += f" -c port={port} -c unix_socket_directories={folder}"
    pg_ctl = binaries / "pg_ctl"
    postgres._run(folder, pg_ctl, "-D", data, "-l", folder / "server.log", "-w", "-t", "120", "-o", options, "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        postgres._run(folder, pg_ctl, "-D", data, "-m", "fast", "-w", "-t", "120", "stop")


def place_of(database: str, rows: int, server: str) -> tuple[str, Path, bool]:
    """(address, folder, whether the data are complete) of one data set."""
    folder = CACHE / f"{database}-{rows}"
    ready = (folder / "ready").exists()
    if not ready:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    if database == "sqlite":
        return f"sqlite:///{folder / 'data.db'}", folder, ready
    name = f"bench_{rows}"
    if not ready:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    return f"{server}/{name}", folder, ready


def say(text: str) -> None:
    """Progress, beside the figures."""
    print(text, file=sys.stderr, flush=True)
