"""Settings come from the environment, arguments win, nonsense is refused with the variable's name."""

from pathlib import Path

import pytest

from guanxi.base.errors import BadInput
from guanxi.settings import Settings, default_home, read_settings


def test_everything_has_a_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings({}) == Settings(home=Path.home() / ".guanxi")


def test_a_checkout_keeps_its_data_beside_the_source(tmp_path, monkeypatch):
    (tmp_path / "src" / "guanxi").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert default_home() == tmp_path / ".guanxi"


def test_arguments_win_over_the_environment(tmp_path):
    settings = read_settings(
        {"GUANXI_HOME": "/elsewhere", "GUANXI_DATABASE_URL": "sqlite:///a.db", "GUANXI_PORT": "9000"},
        home=tmp_path,
        database_url="postgres://u@h/d",
    )
    assert (settings.home, settings.database_url, settings.port) == (tmp_path, "postgresql://u@h/d", 9000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUANXI_PORT", "70000"),
        ("GUANXI_PORT", "-1"),
        ("GUANXI_PORT", "８０"),
        ("GUANXI_PROCESSES", "0"),
        ("GUANXI_JOBS", "maybe"),
        ("GUANXI_LOG_LEVEL", "loud"),
        ("GUANXI_DATABASE_URL", "mysql://h/d"),
    ],
)
def test_nonsense_is_refused_by_name(name, value):
    with pytest.raises(BadInput, match=name):
        read_settings({name: value})


@pytest.mark.parametrize(("url", "secure"), [("https://crm.example.com/", True), ("http://10.0.0.5:8000", False)])
def test_cookies_are_secure_behind_tls(url, secure, tmp_path):
    settings = read_settings({"GUANXI_BASE_URL": url, "GUANXI_HOME": str(tmp_path)})
    assert settings.secure is secure
    assert not (settings.base_url or "").endswith("/")
