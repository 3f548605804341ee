"""How long a way of sampling takes to reach a given standard error."""
