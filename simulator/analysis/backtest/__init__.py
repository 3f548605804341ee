"""Forecasts of published runs against what was reported of them."""
