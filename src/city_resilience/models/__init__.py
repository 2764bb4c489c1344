"""Learners, fitted models, their blend and intervals, saved and loaded as plain files."""
