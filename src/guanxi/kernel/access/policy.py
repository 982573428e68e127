"""How a workspace lets people in: length of passwords, second factor, sessions, networks; one checked setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec

from guanxi.base.errors import FieldError, Forbidden, Invalid, Message, msg
from guanxi.kernel.access.roles import closure, roles_of
from guanxi.kernel.catalog.snapshot import Catalog

SETTING = "sign_in"
HOUR = 3_600_000_000
LIMITS = {"shortest": (10, 64), "trust_days": (0, 90), "idle_hours": (1, 2_160), "life_hours": (1, 2_160),
          "sessions": (1, 100)}  # fmt: skip
NEEDS = ("nobody", "roles", "everybody")


@dataclass(frozen=True)
class Policy:
    """Defaults hold where nothing is set. `roles` need a second factor; `bound` roles come from `networks` only."""

    shortest: int = 10
    needs: str = "nobody"
    roles: tuple[int, ...] = ()
    trust_days: int = 30
    idle_hours: int = 336
    life_hours: int = 720
    sessions: int = 20
    networks: tuple[str, ...] = ()
    bound: tuple[int, ...] = ()  # none: everybody

    @property
    def idle(self) -> int:
        """µs of quiet after which a session ends."""
        return self.idle_hours * HOUR

    @property
    def life(self) -> int:
        """µs after which a session ends in any case."""
        return self.life_hours * HOUR

    def asks(self, roles: Iterable[int]) -> bool:
        """Whether somebody with these roles needs a second factor."""
        return self.needs == "everybody" or (self.needs == "roles" and not set(self.roles).isdisjoint(roles))

    @cached_property
    def _parsed(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(text, strict=False) for text in self.networks)

    def admits(self, address: str, roles: Iterable[int]) -> bool:
        """Whether somebody with these roles may come from there."""
        if not self.networks or (self.bound and set(self.bound).isdisjoint(roles)):
            return True
        try:
            known = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(known, "ipv4_mapped", None)  # ::ffff:10.0.0.1 is 10.0.0.1
        return any((mapped or known) in network for network in self._parsed)


def policy_of(catalog: Catalog) -> Policy:
    """What the workspace has set."""
    known: Policy | None = catalog.memo.get(SETTING)
    if known is None:
        stored = catalog.settings.get(SETTING)
        known = catalog.memo[SETTING] = read_policy(stored if isinstance(stored, dict) else {})
    return known


def read_policy(stored: Mapping[str, Any]) -> Policy:
    """From the stored form; names that are unknown, as of a later version, are passed over."""
    known = {k: v for k, v in stored.items() if k in Policy.__dataclass_fields__}
    return msgspec.convert(known, Policy)


def held_roles(catalog: Catalog, user: int) -> list[int]:
    """The roles of a person, with those they include."""
    row = catalog.config["user"].get(user)
    return list(closure(catalog.config["role"], roles_of(row))) if row is not None else []


def fault_of(value: Any) -> Message | None:
    """What is wrong with a stored form, if anything."""
    try:
        check_policy(value)
    except Invalid as problem:
        return problem.message
    return None


def check_policy(value: Any) -> None:
    """Refuses numbers out of their limits, networks that are none, needs that are not known."""
    errors = []
    if not isinstance(value, dict) or set(value) - set(Policy.__dataclass_fields__):
        raise Invalid(msg("There is no such setting."))
    for name, (least, most) in LIMITS.items():
        given = value.get(name, least)
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            text = msg("Write a whole number from {least} to {most}.", least=least, most=most)
            errors.append(FieldError(name, "limit", text))
    if value.get("needs", "nobody") not in NEEDS:
        errors.append(FieldError("needs", "choice", msg("This choice is not offered.")))
    for text in value.get("networks", ()):
        if not _is_network(text):
            said = msg("“{text}” is no network. Write an address or a range such as 10.0.0.0/8.", text=str(text)[:60])
            errors.append(FieldError("networks", "network", said))
            break
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _is_network(text: Any) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return isinstance(text, str)


def keep_way_in(policy: Policy, address: str, roles: Iterable[int]) -> None:
    """Nobody saves a list of networks that shuts themselves out."""
    if not policy.admits(address, roles):
        text = msg("Your own address {address} is not in this list: you would lock yourself out.", address=address)
        raise Invalid(text, errors=[FieldError("networks", "own_address", text)])


def check_address(catalog: Catalog, user: int, address: str) -> None:
    """Refuses whoever comes from a network that the workspace does not let in."""
    policy = policy_of(catalog)
    if policy.networks and not policy.admits(address, held_roles(catalog, user)):
        raise Forbidden(msg("Signing in from this network is not allowed. Ask an administrator."))
