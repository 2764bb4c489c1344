"""Panels of any size: the same functions on batches of whole cities, with the bits of one frame."""
