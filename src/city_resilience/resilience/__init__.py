"""What is forecast: measures of resilience, and the rule that says when a label is known."""

from city_resilience.resilience.growth_gap import growth_gap, known_labels
from city_resilience.resilience.measures import MEASURES, Measure

__all__ = ["MEASURES", "Measure", "growth_gap", "known_labels"]
