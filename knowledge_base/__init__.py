"""The truth: documents, versions, chunks and their legal effect, kept in SQL."""
