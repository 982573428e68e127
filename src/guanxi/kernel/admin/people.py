"""Users and the roles a workspace starts with: what set-up and the command line need before anybody can sign in."""

from __future__ import annotations

import msgspec
from babel.numbers import get_currency_name

from guanxi.base.errors import BadInput, Invalid, msg
from guanxi.kernel.access.defaults import ROLES
from guanxi.kernel.access.passwords import judge_password, set_password
from guanxi.kernel.access.policy import policy_of
from guanxi.kernel.access.roles import rights_of
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save


def seed_roles(work: Work) -> None:
    """The default roles, with rights an administrator may change, and the base currency."""
    language = work.language
    roles = [
        {
            "key": key,
            "name": label.in_(language),
            "description": purpose.in_(language),
            "rights": msgspec.json.encode(rights).decode(),
        }
        for key, label, purpose, rights in ROLES
    ]
    save(work, [Change("create", "role", values) for values in roles])
    currency = work.catalog.settings.get("currency", "CNY")
    save(
        work, [Change("create", "currency", {"code": currency, "name": currency_name(currency, language), "rate": "1"})]
    )


def currency_name(code: str, language: str) -> str:
    """ "人民币" for CNY; the code itself where no name is known."""
    return str(get_currency_name(code, locale="zh_Hans_CN" if language.startswith("zh") else "en"))


def add_user(work: Work, email: str, role: str, password: str, *, name: str = "", team: str = "") -> int:
    """A user who may sign in; role by key or name, team by name."""
    values = {"email": email, "name": name or email.partition("@")[0], "roles": [str(role_of(work, role))]}
    if team:
        values["team"] = str(_named(work, "team", team))
    names = (str(values["name"]), email, str(work.catalog.settings.get("name", "")))
    judge_password(password, names=names, shortest=policy_of(work.catalog).shortest)
    user = save(work, [Change("create", "user", values)]).id
    set_password(work.session, user, password, work.now)
    return user


def role_of(work: Work, name: str) -> int:
    """The role with that key or name; BadInput says which there are."""
    for ident, row in work.catalog.config["role"].items():
        if row["key"] == name:
            return ident
    return _named(work, "role", name)


def _named(work: Work, object_name: str, name: str) -> int:
    rows = work.catalog.config[object_name]
    for ident, row in rows.items():
        if str(row["name"]).casefold() == name.casefold():
            return ident
    known = ", ".join(sorted(str(row.get("key") or row["name"]) for row in rows.values())) or "–"
    label = work.catalog.object(object_name).label
    raise BadInput(msg("{object} «{name}» is not known. There are: {known}.", object=label, name=name, known=known))


def administrators(work: Work) -> list[str]:
    """E-mail addresses of active users with the administrator's role."""
    wanted = str(role_of(work, "administrator"))
    return [
        str(row["email"])
        for row in work.catalog.config["user"].values()
        if row["active"] and wanted in msgspec.json.decode(row["roles"] or b"[]")
    ]


def keep_an_administrator(work: Work) -> None:
    """Call after a change of users or roles: somebody must remain who can change settings."""
    defined = {row["id"]: row for row in find(work, Query("role", fields=("id", "rights"), limit=1_000)).rows}
    roles = {role for role in defined if rights_of(defined, (role,)).admin}
    cursor: str | None = None
    while True:
        page = find(work, Query("user", "active = true", ("roles",), limit=1_000, cursor=cursor))
        if any(roles & {int(r) for r in msgspec.json.decode(row["roles"] or b"[]")} for row in page.rows):
            return
        cursor = page.next
        if cursor is None:
            raise Invalid(msg("Somebody must stay administrator. Make another user one first."))
