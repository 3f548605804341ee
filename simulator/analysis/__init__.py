"""Reading results: Dataset in, Dataset out, Monte Carlo error attached."""
