"""The step that puts front-end files in place: only icons in use, symbols that take the colour of the text."""

import gzip
import hashlib
import json

from guanxi.entrypoints.cli import assets


def test_the_sprite_has_each_icon_once_and_names_unknown_ones(tmp_path):
    (tmp_path / "outline").mkdir()
    (tmp_path / "filled").mkdir()
    empty = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
    (tmp_path / "outline" / "star.svg").write_text(f'<svg\n  width="24">\n  {empty}\n  <path d="M1 1" />\n</svg>')
    (tmp_path / "filled" / "star.svg").write_text('<svg width="24">\n  <path d="M2 2" />\n</svg>')

    sprite, unknown = assets.build_sprite(tmp_path, ["star", "star-filled", "nonesuch"])

    text = sprite.decode()
    assert unknown == {"nonesuch"}
    assert '<symbol id="star" viewBox="0 0 24 24" fill="none" stroke="currentColor"' in text
    assert '<symbol id="star-filled" viewBox="0 0 24 24" fill="currentColor"' in text
    assert text.count("<symbol") == 2
    assert "M0 0h24v24H0z" not in text
    assert "\n  " not in text


def test_icons_are_found_where_they_are_written():
    written = """{{ icon("user-plus", 14) }} <x icon='phone'> {"icon": "mail"} icon="car", my_icon("no") icon(name)"""
    assert assets.ICON_USE.findall(written) == ["user-plus", "phone", "mail", "car"]


def test_what_is_in_place_matches_its_manifest():
    manifest = json.loads((assets.VENDOR / "manifest.json").read_text())
    for name, digest in manifest["files"].items():
        content = (assets.VENDOR / name).read_bytes()
        assert hashlib.sha256(content).hexdigest()[:16] == digest
        assert b"sourceMappingURL" not in content
        packed = assets.VENDOR / f"{name}.gz"
        assert gzip.decompress(packed.read_bytes()) == content


def test_every_copied_package_brings_its_licence():
    text = (assets.VENDOR / "licences.txt").read_text()
    for name in ("@tabler/core", "@tabler/icons", "echarts", "zrender", "htmx.org", "sortablejs", "@popperjs/core"):
        assert f"\n{name} " in "\n" + text
    assert "axe-core" not in text


def test_a_list_page_stays_light():
    """Styles, htmx and icons together, compressed; the page itself and our own files come on top (160 KB in all)."""
    sizes = [
        (assets.VENDOR / f"{name}.gz").stat().st_size for name in ("tabler.css", "htmx.js", "htmx-sse.js", "icons.svg")
    ]
    assert sum(sizes) < 110_000


def test_a_second_run_changes_nothing():
    assets.build_assets()
    before = (assets.VENDOR / "manifest.json").stat().st_mtime_ns
    assert assets.build_assets() is False
    assert (assets.VENDOR / "manifest.json").stat().st_mtime_ns == before
