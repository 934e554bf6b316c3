"""Imported once by the fork server of the kill run, so that no child loads the dictionary again."""

import eval.kill_worker  # noqa: F401
from retrieval.lexicon import load_lexicon
from retrieval.tokenize import Tokenizer

Tokenizer(load_lexicon().cutting).words("住房公积金提取")
