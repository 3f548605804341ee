"""Hourly data of a zone, and the laws fitted to them."""
