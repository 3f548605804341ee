"""Draws that are counted and not kept."""
