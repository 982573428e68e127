"""The import wizard: upload, columns, mending, running, result; can be left and taken up again."""
