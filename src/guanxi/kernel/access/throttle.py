"""Counting of attempts: a limit in a window, or waits that grow; the real person's known device is counted apart."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from guanxi.base.errors import TooMany, msg
from guanxi.kernel.storage.session import Session

WINDOW = 15 * 60 * 1_000_000  # µs in which attempts are counted
FREE, FIRST, LONGEST = 5, 5_000_000, WINDOW  # wrong ones without a wait, the first wait, the longest


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address; of IPv6 the 64 bits a line is given, for it has all the others."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv4Address):
        return address
    mapped = known.ipv4_mapped
    return str(mapped) if mapped is not None else str(IPv6Address(int(known) >> 64 << 64))


def count(session: Session, key: str, limit: int, now: int) -> None:
    """One more attempt under this key; counted before the answer is known, so that parallel guesses count too."""
    left = over(session, key, limit, now, WINDOW)
    if left:  # asked after counting: those who ask at the same moment wait for each other's count
        raise refuse(left)


def over(session: Session, key: str, limit: int, now: int, window: int) -> int:
    """Counts one more in the window and gives the µs left in it if that is more than the limit, else 0."""
    counted = session.rows(
        f'INSERT INTO {session.table("throttle")} AS k ("key", "count", "until") VALUES (?, 1, ?)'
        ' ON CONFLICT ("key") DO UPDATE SET'
        ' "count" = CASE WHEN k."until" <= ? THEN 1 ELSE k."count" + 1 END,'
        ' "until" = CASE WHEN k."until" <= ? THEN excluded."until" ELSE k."until" END RETURNING "count", "until"',
        (key, now + window, now, now),
    )
    number, until = counted[0]
    return max(1, int(until) - now) if number > limit else 0


def slow_down(session: Session, key: str, now: int) -> None:
    """One more attempt; after a few each must wait twice as long as the one before. Forgotten after a quiet while."""
    table = session.table("throttle")
    rows = session.rows(
        f'INSERT INTO {table} AS k ("key", "count", "until") VALUES (?, 1, ?) ON CONFLICT ("key") DO UPDATE SET'
        ' "count" = CASE WHEN k."until" + ? <= ? THEN 1 WHEN k."until" > ? THEN k."count" ELSE k."count" + 1 END'
        ' RETURNING "count", "until"',
        (key, now, WINDOW, now, now),
    )
    number, until = rows[0]
    if until > now:
        raise refuse(until - now)
    wait = min(FIRST << (number - FREE), LONGEST) if number >= FREE else 0
    session.run(f'UPDATE {table} SET "until" = ? WHERE "key" = ?', (now + wait, key))


def forget(session: Session, key: str) -> None:
    """It was the right person."""
    session.run(f'DELETE FROM {session.table("throttle")} WHERE "key" = ?', (key,))


def take_back(session: Session, key: str) -> None:
    """This attempt was right; what others did under the key still counts."""
    session.run(f'UPDATE {session.table("throttle")} SET "count" = "count" - 1 WHERE "key" = ?', (key,))


def sweep(session: Session, now: int) -> None:
    """Forgets what no longer counts."""
    session.run(f'DELETE FROM {session.table("throttle")} WHERE "until" < ?', (now - WINDOW,))


def refuse(left: int) -> TooMany:
    """What to say with so many µs left."""
    seconds = max(1, -(-left // 1_000_000))
    if seconds < 60:
        return TooMany(msg("Too many attempts. Try again in {n} seconds.", n=seconds), retry_after=seconds)
    minutes = seconds // 60
    return TooMany(msg("Too many attempts. Try again in {n} minutes.", n=minutes), retry_after=seconds)
