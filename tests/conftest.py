"""What holds for every process of the tests."""

import os

# two of them share the cores: threads that wait for each other sleep, see simulator.cli.main; read when OpenMP starts
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
