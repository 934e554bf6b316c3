"""Ways of putting an answer into words; the default quotes, a language model may rephrase."""
