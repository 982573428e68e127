"""Duplicates in what is there already: the search, its pairs, decisions about them; asking the owner of a record."""
