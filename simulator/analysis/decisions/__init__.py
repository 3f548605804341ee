"""Which of several scenarios to choose, and what it is worth to know more before."""
