"""The one language of conditions and formulas: text, tree, Python, SQL."""
