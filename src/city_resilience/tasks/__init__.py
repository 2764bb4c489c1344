"""The one gate through which time passes: the panel as of an origin, its features and tasks."""
