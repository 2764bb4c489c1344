"""Tests of the claims about digital economy and resilience on the user's own panel."""
