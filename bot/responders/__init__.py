"""Ways of putting an answer into words; the default quotes."""
