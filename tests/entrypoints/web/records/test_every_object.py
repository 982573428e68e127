"""Every object of the catalogue through its forms: made, shown, changed, clashed, trashed, restored."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Space
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

SETTINGS = ("user", "role", "team", "currency")
ELSEWHERE = ("share", "record_request", "duplicate_rule", "sharing_rule")
"""Made at the record's address, by asking, on a page of their own."""
OPEN = {"consent": "note"}  # an answer is never changed; only its note is
NEEDS = {"lead": {"mobile": "13812345678"}, "currency": {"code": "JPY", "rate": "0.05"}}


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', text)
    assert found, name
    return html.unescape(found[1])


def example(space: Space, target: Object, field: Field) -> dict[str, str]:
    """What a browser would send for one required field."""
    if field.type in ("lookup", "links", "user", "team"):
        to = field.options.get("to", ("user",))[0]
        ident = make(space, to)
        several = len(field.options.get("to", ())) > 1
        return {field.name: f"{to}:{ident}" if several else str(ident)}
    if field.type == "address":
        return {f"{field.name}__street": "江苏省苏州市姑苏区人民路100号"}
    raw = TYPES[field.type].example(field)
    if field.type == "money":
        return {field.name: raw["amount"], f"{field.name}__c": raw["currency"]}
    return {field.name: str(raw)}


def make(space: Space, name: str) -> int:
    with space.write(system("test")) as work:
        target = work.catalog.object(name)
        rows = work.catalog.config.get(name)
        if rows:
            return next(iter(rows))
        needed = [f for f in target.fields if f.required and f.default is None and f.type != "lookup"]
        values: dict[str, Any] = {f.name: TYPES[f.type].example(f) for f in needed}
        if target.title not in values and work.catalog.field(target, target.title).type == "text":
            values[target.title] = "甲"
        values |= NEEDS.get(name, {})
        values = {n: v for n, v in values.items() if not work.catalog.field(target, n).read_only}
        return save(work, [Change("create", name, values)]).id


def objects(space: Space) -> list[Object]:
    with space.read(system("test")) as work:
        apart = (*SETTINGS, *ELSEWHERE, "view")
        kept = [o for o in work.catalog.objects.values() if o.parent is None and o.name not in apart]
        return [o for o in kept if o.name != "notification"]


def filled(space: Space, target: Object) -> dict[str, str]:
    with space.read(system("test")) as work:
        fields = work.catalog.object(target.name).fields
    data: dict[str, str] = {}
    for field in fields:
        title = field.name == target.title and field.type == "text"
        if (field.required or title) and not field.read_only and field.default is None:
            data |= example(space, target, field)
    return {**data, **NEEDS.get(target.name, {})}


def row_of(space: Space, name: str, ident: int) -> dict[str, Any]:
    with space.read(system("test")) as work:
        return get(work, name, ident, trashed=True)


def text_field(target: Object) -> Field | None:
    if target.name in OPEN:
        return next(f for f in target.fields if f.name == OPEN[target.name])
    free = [f for f in target.fields if f.type in ("text", "long_text") and not f.read_only and not f.hidden]
    return next((f for f in free if f.name != "website"), None)


def test_every_object_is_made_shown_changed_trashed_and_restored(space: Space, admin: Any) -> None:
    for target in objects(space):
        form = admin.get(f"/o/{target.name}/new")
        assert form.status_code == 200, target.name
        fields = hidden(form.text, "_fields")
        data = {**filled(space, target), "_fields": fields, "_token": hidden(form.text, "_token")}
        made = admin.post(f"/o/{target.name}/new", data)
        assert made.status_code == 303, (target.name, re.findall(r"gx-error.*?</div>", made.text, re.DOTALL))
        url = made.headers["location"]
        again = admin.post(f"/o/{target.name}/new", data)
        assert again.headers["location"] == url, "the same form twice makes one record"
        ident = int(url.rpartition("/")[2])
        for path in ("", "/peek", "/timeline", "/history", "/who", "/edit", "/values"):
            assert admin.get(url + path).status_code == 200, (target.name, path)
        change_and_clash(space, admin, target, ident)
        assert admin.post(url + "/trash").status_code == 303
        gone = admin.get(url)
        assert gone.status_code == 200
        assert "trash" in gone.text
        assert admin.post(url + "/restore").status_code == 303
        assert row_of(space, target.name, ident)["trashed_at"] is None


def change_and_clash(space: Space, admin: Any, target: Object, ident: int) -> None:
    field = text_field(target)
    if field is None:
        return
    url = f"/o/{target.name}/{ident}"
    page = admin.get(url + "/edit").text
    opened = {n: hidden(page, n) for n in ("_fields", "_was", "_version")}
    only = {**opened, "_fields": field.name}
    assert admin.post(url + "/edit", {**only, field.name: "乙"}).status_code == 303
    assert row_of(space, target.name, ident)[field.column] == "乙"
    clash = admin.post(url + "/edit", {**only, field.name: "丙"})
    assert clash.status_code == 409
    assert "乙" in clash.text
    assert "丙" in clash.text
    mine = json.loads(hidden(clash.text, "_mine"))
    assert mine == {field.name: "丙"}
    chosen = {n: hidden(clash.text, n) for n in ("_mine", "_was", "_version")}
    assert admin.post(url + "/edit", {**chosen, f"pick__{field.name}": "now"}).status_code == 303
    assert row_of(space, target.name, ident)[field.column] == "乙"
    assert admin.post(url + "/edit", {**chosen, f"pick__{field.name}": "mine"}).status_code == 303
    assert row_of(space, target.name, ident)[field.column] == "丙"
    cell = admin.get(f"{url}/cell/{field.name}?at=page")
    assert 'name="value"' in cell.text
    stored = admin.post(f"{url}/cell/{field.name}?at=page", {"value": "丁", "version": ""}, hx=True)
    assert stored.status_code == 200
    assert "丁" in stored.text
    assert stored.headers["x-version"]
