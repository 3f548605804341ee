"""What holds for every process of the tests."""

import os

from simulator.cli import THREADS

# two of them share the cores; read when numpy and OpenMP are loaded
for name, value in THREADS.items():
    os.environ.setdefault(name, value)
