"""List pages: tables, filters, saved views, cells, bulk edits, boards."""
