"""Life events (一件事) in a conversation: how answers are read, how a plan is told, what the steps need."""
