"""A grid of scenarios, all on the same draws."""
