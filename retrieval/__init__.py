"""Segmenting, encoding, dense and lexical indexes, fusion: derived from SQL and always rebuildable."""
