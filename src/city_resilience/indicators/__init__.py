"""What a city has in a year: a table of indicators by family, each a pure function on arrays."""
