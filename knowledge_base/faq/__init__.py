"""Curated questions (FAQ): the operators' own words, each resting on articles of the knowledge base."""
