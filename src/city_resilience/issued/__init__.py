"""Forecasts that were issued: the record that keeps them, and what is made of it later."""
