"""Slow evidence beside training: what families are worth, and how sure the skill is."""
