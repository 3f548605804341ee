"""Chances that hardly any plain draw tells: importance sampling."""
