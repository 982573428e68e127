"""Explain access: a person and an object, or one record, in sentences with the roles that give or hide."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import administrator
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.settings.roles import matrix_objects
from guanxi.entrypoints.web.settings.rolewords import rights_in_words
from guanxi.kernel.access.roles import rights_of, roles_of
from guanxi.kernel.admin.because import Line, explain_object, explain_record
from guanxi.kernel.records.read import names

PLACE = "/settings/access"
ADDRESS = re.compile(r"/o/(\w+)/(\d{1,19})")


def show_access(request: Request) -> Response:
    """`?person=&object=&record=`; the record as its number or its address."""
    me, given = administrator(request), request.query_params
    users, objects = me.catalog.config["user"], matrix_objects(me.catalog)
    person = int(given["person"]) if given.get("person", "").isdecimal() and len(given["person"]) < 20 else 0
    pasted = ADDRESS.search(given.get("record", ""))
    wanted = pasted[1] if pasted else given.get("object", "")
    target = next((o for o in objects if o.name == wanted), objects[0])
    number = pasted[2] if pasted else given.get("record", "").strip()
    lines: list[Line] = []
    title, missing, words = "", False, []
    if person in users and users[person]["active"]:
        roles = rights_of(me.catalog.config["role"], roles_of(users[person]))
        words = rights_in_words(me.catalog, roles, me.locale.language)
        with me.space.read(me.user) as work:
            lines = explain_object(work, person, target)
            if number:
                try:
                    ident = int(number) if number.isdecimal() and len(number) < 20 else 0
                    lines = explain_record(work, person, target, ident)
                    title = names(work, target.name, [ident]).get(ident, number)
                except NotFound:
                    missing = True
    people = sorted(((i, str(r["name"])) for i, r in users.items() if r["active"]), key=lambda pair: pair[1])
    return setting_page(
        request, me, "access", PLACE, people=people, person=person, objects=objects, target=target, record=number,
        lines=lines, title=title, missing=missing, words=words, users=users,
    )  # fmt: skip
