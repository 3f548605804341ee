"""Settings that make a statistic of the draws least, and all that are as good."""
