"""The forecast of a run that is under way."""
