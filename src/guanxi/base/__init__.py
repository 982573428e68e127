"""Pure helpers without I/O: ids, money, dates, text, errors, translation."""
