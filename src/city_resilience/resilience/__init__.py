"""What is forecast: measures of resilience, and the rule that says when a label is known."""

from city_resilience.resilience.composite import FrozenComposite
from city_resilience.resilience.episodes import count_reasons, episode_correlation, extremes
from city_resilience.resilience.growth_gap import growth_gap, known_labels
from city_resilience.resilience.measured_panel import measure_panel
from city_resilience.resilience.measures import MEASURES, Measure, measure_of
from city_resilience.resilience.reasons import REASONS, Measured, Reason, reason_ids
from city_resilience.resilience.window import Window

__all__ = [
    "MEASURES",
    "REASONS",
    "FrozenComposite",
    "Measure",
    "Measured",
    "Reason",
    "Window",
    "count_reasons",
    "episode_correlation",
    "extremes",
    "growth_gap",
    "known_labels",
    "measure_of",
    "measure_panel",
    "reason_ids",
]
