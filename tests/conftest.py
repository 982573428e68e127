"""Fixtures every test may use: a private PostgreSQL, fresh databases on both engines, an installed workspace."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import postgres

if TYPE_CHECKING:
    from guanxi.kernel.storage.database import Database

ENGINES = [pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgresql", marks=pytest.mark.postgresql)]
RUN_FOLDER = "GUANXI_TEST_RUN_FOLDER"
RUN_OWNER = "GUANXI_TEST_RUN_OWNER"


def pytest_configure(config: pytest.Config) -> None:
    """The main process makes a folder that its workers inherit; there they agree on one PostgreSQL."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="guanxi-run-")
        os.environ[RUN_OWNER] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The main process outlives its workers: it cleans up."""
    if not hasattr(config, "workerinput") and RUN_FOLDER in os.environ:
        postgres.stop_shared(Path(os.environ.pop(RUN_FOLDER)))


@pytest.fixture(scope="session")
def pg_server() -> str:
    """Address of the run's own PostgreSQL, without a database name."""
    return postgres.shared(Path(os.environ[RUN_FOLDER]), int(os.environ[RUN_OWNER]))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test that uses a database runs on both engines."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of its own."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'data.db'}"
        return
    with postgres.fresh_database(request.getfixturevalue("pg_server")) as url:
        yield url


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """The same, opened by the kernel's storage; nothing installed."""
    from guanxi.kernel.storage.database import open_database

    database = open_database(database_url, tmp_path)
    yield database
    database.close()


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Any]]:
    """A workspace per engine with all apps, made once per worker; tests get copies."""
    made: dict[str, tuple[str, Path]] = {}
    with ExitStack() as stack:

        def template(engine: str) -> tuple[str, Path]:
            if engine not in made:
                from guanxi.bootstrap import open_space

                folder = tmp_path_factory.mktemp(f"installed-{engine}")
                if engine == "sqlite":
                    url = f"sqlite:///{folder / 'data.db'}"
                else:
                    server = request.getfixturevalue("pg_server")
                    url = stack.enter_context(postgres.fresh_database(server))
                open_space(url, folder).db.close()
                made[engine] = (url, folder)
            return made[engine]

        yield template


@pytest.fixture
def space_url(
    engine: str, tmp_path: Path, installed: Callable[[str], Any], request: pytest.FixtureRequest
) -> Iterator[str]:
    """The address of a copied workspace; its files are in `tmp_path / "space"`."""
    url, source = installed(engine)
    folder = tmp_path / "space"
    shutil.copytree(source, folder)
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'data.db'}"
        return
    with postgres.fresh_database(request.getfixturevalue("pg_server"), template=url.rsplit("/", 1)[1]) as copy:
        yield copy


@pytest.fixture
def space(space_url: str, tmp_path: Path) -> Iterator[Any]:
    """An open workspace with all installed apps, on both engines."""
    from guanxi.bootstrap import open_space

    space = open_space(space_url, tmp_path / "space")
    yield space
    space.db.close()
