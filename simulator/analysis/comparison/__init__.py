"""Scenarios on common random numbers: how they differ, and what it costs to emit less."""
