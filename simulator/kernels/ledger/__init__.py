"""What a run costs, emits and drinks, from its hours and energies: every component, in lanes."""
