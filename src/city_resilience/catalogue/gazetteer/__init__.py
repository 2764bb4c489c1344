"""Gazetteers: which official unit a name means, and the groups it belongs to."""
