"""A first experiment file from a panel alone: what its columns are, and a comment on each guess."""
