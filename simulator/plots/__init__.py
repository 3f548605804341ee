"""Pictures of what was computed elsewhere; nothing is computed here."""
