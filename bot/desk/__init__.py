"""People: who waits for an agent, who answers, and how a conversation goes from one hand to the next."""
