"""Reading and writing records: find, save, undo, trash."""
