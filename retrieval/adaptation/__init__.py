"""Teaching an encoder a field: hard negatives from the ranking, and a low-rank adapter trained on them."""
