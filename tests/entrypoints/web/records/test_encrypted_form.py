"""Encrypted fields in forms: shown, saved, put back from history, and no draft of them in the browser."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Space
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

NUMBER = "11010519491231002X"


def test_the_form_shows_and_saves_it_and_keeps_no_draft(space: Space, users: dict[str, int], admin: Any) -> None:
    with space.write(users["admin"]) as work:
        ident = save(work, [Change("create", "contact", {"name": "李一", "id_number": "E7654321"})]).id
    form = admin.get(f"/o/contact/{ident}/edit").text
    place = form.index('name="id_number"')
    control = form[place : form.index(">", place)]
    assert "data-secret" in control
    assert "E7654321" in control
    admin.post(f"/o/contact/{ident}/cell/id_number", {"value": NUMBER, "version": "1"})
    with space.read(users["admin"]) as work:
        assert get(work, "contact", ident)["id_number"] == NUMBER
    assert NUMBER in admin.get(f"/o/contact/{ident}").text
    admin.post(f"/o/contact/{ident}/put-back", {"field": "id_number", "version": "2"})
    space.db.ring.place.unlink()
    page = admin.get(f"/o/contact/{ident}")
    assert (page.status_code, "无法解密" in page.text or "cannot be decrypted" in page.text) == (200, True)
