"""Learning from use: what was asked and not answered, and what people answered. Drafts only, for review."""
