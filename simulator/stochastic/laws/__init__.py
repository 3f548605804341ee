"""Probability laws, each as a quantile function of a standard-normal score.

Random, Sobol' and any other sampling differ only in the scores, and a Gaussian copula acts on the
scores, so a law needs no sampler: it needs ``quantile(z)``, accurate into both tails.
"""

from simulator.stochastic.laws.affine import AffineLaw, Link
from simulator.stochastic.laws.base import SCORE_LIMIT, Law
from simulator.stochastic.laws.discrete import DiscreteLaw
from simulator.stochastic.laws.metalog import MetalogLaw
from simulator.stochastic.laws.mixture import MixtureLaw
from simulator.stochastic.laws.modifiers import RoundedLaw, TruncatedLaw
from simulator.stochastic.laws.scipy_law import ScipyLaw

__all__ = [
    "SCORE_LIMIT",
    "AffineLaw",
    "DiscreteLaw",
    "Law",
    "Link",
    "MetalogLaw",
    "MixtureLaw",
    "RoundedLaw",
    "ScipyLaw",
    "TruncatedLaw",
]
