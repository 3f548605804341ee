"""A page to ask what if: ranges to move, bands that follow. Wants the extra ``web``; thin, computes nothing."""
