"""What drives an output: swings, ranks, shares of variance, and what is luck."""
