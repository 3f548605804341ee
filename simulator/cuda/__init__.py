"""The static kernel and its ledger on a GPU: one thread plays out one draw."""
