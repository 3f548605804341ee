"""What could be known of a training run before it, at a date: distributions from published runs and sourced figures of before."""
