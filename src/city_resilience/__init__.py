"""Forecast how well city economies hold up relative to their nation."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("city-resilience")
