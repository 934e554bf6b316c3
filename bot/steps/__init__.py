"""The steps of a turn, each a function from the turn's frozen state to its next."""
