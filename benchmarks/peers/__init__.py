"""Peers: the same model and workload in other libraries, and in C as the ceiling."""
