"""MLflow runs, the model registry and the champion gate; MLflow is imported lazily."""
