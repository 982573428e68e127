"""Tables of signing in beside passwords and sessions, and the worker's sign of life; none is an object."""

from __future__ import annotations

from guanxi.kernel.storage.tables import EPHEMERAL, index, table

table("second_factor", "user int key, secret text must, last_step int must, made_at int must")
table("recovery_code", "user int key, hash text key, used_at int")
table(
    "known_device",
    "id text key, user int key, expires_at int must, trusted_until int must",
    index("ix_known_device_user", "user"),
    metadata=EPHEMERAL,
)
table(
    "sign_in_step",
    "id text key, user int must, tries int must, expires_at int must",
    metadata=EPHEMERAL,
)
table("heartbeat", "name text key, at int must", metadata=EPHEMERAL)
