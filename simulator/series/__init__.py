"""Hourly series of prices and carbon intensities, read from CSV."""
