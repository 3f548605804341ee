"""Jitted loops that only compose laws."""
