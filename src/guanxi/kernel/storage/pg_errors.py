"""What PostgreSQL says is wrong, as a problem that a caller can do something about."""

from __future__ import annotations

import psycopg
from psycopg import errors

from guanxi.kernel.storage.session import Busy, Duplicate, Full, Tuple, Unavailable, out_of_range, too_slow


def translate(error: psycopg.Error, connection: psycopg.Connection[Tuple] | None) -> Exception:
    """A driver's error as a `Problem` where a caller can do something about it."""
    if connection is None or connection.broken or connection.closed:
        return Unavailable()
    if isinstance(error, errors.FeatureNotSupported) and "cached plan" in str(error):
        connection.close()  # its prepared statements are older than the tables; a new connection has none
        return Busy()
    if isinstance(error, errors.UniqueViolation):
        return Duplicate(f"{error.diag.table_name}.{error.diag.constraint_name}: {error.diag.message_detail or ''}")
    if isinstance(error, errors.DiskFull):
        return Full()
    if isinstance(error, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow):
        connection.close()
        return Unavailable()
    if isinstance(error, errors.QueryCanceled):
        return too_slow()
    if isinstance(error, errors.NumericValueOutOfRange):
        return out_of_range()
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected | errors.SerializationFailure):
        return Busy()
    return error
