"""The laws of the model: free functions of floats, each with its source."""
