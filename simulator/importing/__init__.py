"""What people already have, as priors of a scenario or as actuals of a run: logs, accounting, trackers, hourly exports."""
