"""How likely limits are exceeded, alone and together, and what contingency that asks for."""
