"""One generic engine; it knows no business object by name."""
