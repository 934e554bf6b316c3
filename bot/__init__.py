"""One consultation turn: named steps, a dialogue state, an Answer."""
