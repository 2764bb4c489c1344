"""What is forecast: measures of resilience, and the rule that says when a label is known."""
