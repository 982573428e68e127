"""Field types: how a value of each kind is parsed, shown, stored and compared."""
