"""The made-up shop of the record tests, on both databases."""

from tests.kernel.records.conftest import space, who

__all__ = ["space", "who"]
