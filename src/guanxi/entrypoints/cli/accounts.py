"""First accounts: the administrator of a new workspace and the people of the sample company."""

from __future__ import annotations

import json
import secrets

from guanxi.entrypoints.cli.frame import Terminal
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.passwords import hash_password, store_hash
from guanxi.kernel.admin.people import add_user, administrators, role_of
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

ADMIN_MAIL = "admin@example.com"
DEMO_MAIL, DEMO_PASSWORD = "demo@guanxi.example", "guanxi-demo"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


def first_administrator(terminal: Terminal, space: Space, email: str = "", password: str = "", name: str = "") -> str:
    """Makes an administrator if there is none yet; the sentence to print once, or an empty one."""
    with space.read(system("set-up")) as work:
        if administrators(work):
            return ""
    email, made = email or ADMIN_MAIL, password or make_password()
    label = name or terminal.text("Administrator")
    with space.write(system("set-up"), entry="cli", kind="setup") as work:
        add_user(work, email, "administrator", made, name=label)
    if password:
        return terminal.text("Sign in with {email} and your password.", email=email)
    text = "Sign in with {email} and the password {password} (shown only now; change it under Profile)."
    return terminal.text(text, email=email, password=made)


def make_password() -> str:
    """Four groups of five: easy to copy, about 100 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))


def demo_sign_in(terminal: Terminal) -> str:
    """How to get into the sample company."""
    text = "Sign in with {email} and the password {password}"
    return terminal.text(text, email=DEMO_MAIL, password=DEMO_PASSWORD)


def open_demo(terminal: Terminal) -> Space:
    """The workspace with the sample company; made at the first call."""
    space = terminal.host.open("demo", create=True)
    with space.read(system("demo")) as work:
        ready = any(row["email"] == DEMO_MAIL for row in work.catalog.config["user"].values())
    if ready:
        return space
    terminal.note("Making the sample company; this takes a moment …")
    with space.read(system("demo")) as work:
        empty = not work.catalog.config["user"]
    if empty:
        terminal.host.samples(space)
    hashed = hash_password(DEMO_PASSWORD)
    with space.write(system("demo"), entry="demo", kind="setup") as work:
        for user in work.catalog.config["user"]:
            store_hash(work.session, user, hashed, work.now)
        _seat_visitor(work, terminal.text("Administrator"))
    return space


def _seat_visitor(work: Work, name: str) -> None:
    """The visitor is one of the sample company's sales managers, who may do everything too; else a new person."""
    manager, administrator = role_of(work, "sales_manager"), str(role_of(work, "administrator"))
    users = sorted(work.catalog.config["user"].values(), key=lambda row: int(row["id"]))
    roles = {row["id"]: json.loads(row["roles"] or "[]") for row in users}
    seat = next((row["id"] for row in users if str(manager) in roles[row["id"]]), None)
    if seat is None:
        add_user(work, DEMO_MAIL, "administrator", DEMO_PASSWORD, name=name)
        return
    values = {"email": DEMO_MAIL, "roles": [*roles[seat], administrator]}
    save(work, [Change("edit", "user", values, id=seat)])
