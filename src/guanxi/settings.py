"""What the environment decides: where data live, where to listen. Read once, at the start, then passed along."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from guanxi.base.errors import BadInput, msg

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Https = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them; each has a default that suits a laptop."""

    home: Path
    database_url: str | None = None  # None: a SQLite file inside the home folder
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 1
    threads: int = 16  # requests served at the same time by one process
    jobs: bool = True  # background work inside the web process; off where `guanxi work` runs beside it
    base_url: str | None = None  # how people reach it from outside: links in mails, cookie security
    proxies: str = ""  # addresses whose X-Forwarded-For is believed
    anchors: Path | None = None  # folder for the heads of the logs; None: `anchors` in the home folder
    keys: Path | None = None  # folder for the keys of encrypted fields; None: `keys` in the home folder
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"
    https: Https = "auto"  # refuse plain HTTP; auto: where the base address or the proxy says so
    metrics_token: str = ""  # who may read /metrics from elsewhere; without it this machine alone
    traces: str = ""  # console, otlp or file:PATH

    @property
    def secure(self) -> bool:
        """Cookies may travel over TLS only."""
        return bool(self.base_url and self.base_url.startswith("https://"))


def read_settings(
    environment: Mapping[str, str] | None = None, *, home: str | Path | None = None, database_url: str | None = None
) -> Settings:
    """Settings from `GUANXI_*` variables; arguments of the command line win."""
    env = os.environ if environment is None else environment
    chosen = home or env.get("GUANXI_HOME")
    return Settings(
        home=Path(chosen).expanduser().resolve() if chosen else default_home(),
        database_url=_database_url(database_url or env.get("GUANXI_DATABASE_URL")),
        host=env.get("GUANXI_HOST", "127.0.0.1"),
        port=_number(env, "GUANXI_PORT", 8000, 0, 65_535),
        processes=_number(env, "GUANXI_PROCESSES", 1, 1, 256),
        threads=_number(env, "GUANXI_THREADS", 16, 1, 1_000),
        jobs=_choice(env, "GUANXI_JOBS", "on", ("on", "off")) == "on",
        base_url=(env.get("GUANXI_BASE_URL") or "").rstrip("/") or None,
        proxies=env.get("GUANXI_PROXIES", ""),
        anchors=Path(env["GUANXI_ANCHORS"]).expanduser() if env.get("GUANXI_ANCHORS") else None,
        keys=Path(env["GUANXI_KEYS"]).expanduser() if env.get("GUANXI_KEYS") else None,
        log_level=cast("LogLevel", _choice(env, "GUANXI_LOG_LEVEL", "info", get_args(LogLevel))),
        log_format=cast("LogFormat", _choice(env, "GUANXI_LOG_FORMAT", "text", get_args(LogFormat))),
        https=cast("Https", _choice(env, "GUANXI_HTTPS", "auto", get_args(Https))),
        metrics_token=env.get("GUANXI_METRICS_TOKEN", ""),
        traces=env.get("GUANXI_TRACES", "").strip(),
    )


def default_home() -> Path:
    """`./.guanxi` in a checkout of the source, `~/.guanxi` elsewhere."""
    here = Path.cwd()
    in_checkout = (here / "pyproject.toml").is_file() and (here / "src" / "guanxi").is_dir()
    return here / ".guanxi" if in_checkout else Path.home() / ".guanxi"


def _database_url(url: str | None) -> str | None:
    if not url:
        return None
    if url.startswith("postgres://"):  # the spelling that many hosts hand out
        url = "postgresql://" + url.removeprefix("postgres://")
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise BadInput(msg("GUANXI_DATABASE_URL must start with sqlite:/// or postgresql://."))
    return url


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadInput(msg("{name} must be a whole number from {low} to {high}.", name=name, low=low, high=high))
    return int(text)


def _choice(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = env.get(name, "").strip().lower() or default
    if text not in choices:
        raise BadInput(msg("{name} must be one of: {choices}.", name=name, choices=", ".join(choices)))
    return text
