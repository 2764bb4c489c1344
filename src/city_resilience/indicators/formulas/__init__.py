"""The formulas of the indicators: pure functions on arrays of shape (cities, years)."""
