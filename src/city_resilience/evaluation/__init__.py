"""Rolling origins over variants of the recipe, their scores, and how sure these are."""
