"""The mathematics of uncertainty: laws, dependence, streams."""
