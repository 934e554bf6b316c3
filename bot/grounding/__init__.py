"""Whether a sentence that a language model wrote says no more, and nothing else, than its source."""
