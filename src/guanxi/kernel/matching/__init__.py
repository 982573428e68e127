"""Whether two records mean the same customer: normal forms, keys, similarity, score, reasons. Pure, no database."""
