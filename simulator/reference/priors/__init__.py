"""What could be known of a training run before it, at a date: distributions fitted to published figures of before.

>>> from simulator.reference.priors import Kind, known_prior
>>> known_prior("mfu", Kind("A100 SXM 80GB", 312e12, 175e9, 992, laboratory=True), before="2021-11").value
'0.202 to 0.563'
"""

from __future__ import annotations

from simulator.reference.priors.kind import Kind
from simulator.reference.priors.known import FITTED, Prior, known_prior

__all__ = ["FITTED", "Kind", "Prior", "known_prior"]
