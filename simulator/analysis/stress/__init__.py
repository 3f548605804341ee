"""What happened in the draws of a tail."""
