"""How the suite judges what comes from random draws."""

import numpy as np
from numpy.typing import ArrayLike


def assert_within_mcse(estimate: ArrayLike, truth: ArrayLike, mcse: ArrayLike, *, z: float = 4.5) -> None:
    """Assert that estimates differ from the truth by no more than z of their own Monte Carlo standard errors.

    The suite has one budget of false alarms: a correct program should fail it with a probability below 1 %, for any choice
    of seeds. About 1000 such checks at z = 4.5, two-sided 6.8e-6 each, spend 0.7 %. So a failure is a defect: seeds are
    fixed, nothing is retried, z is not raised. The standard error has to be the estimate's own (a formula, or the spread
    of independent replicates), not a tolerance that looks reasonable.

    Parameters
    ----------
    estimate, truth, mcse : array_like
        Broadcast against each other; the unit of the quantity. NaN never passes.
    z : float
        Largest admissible number of standard errors.

    Examples
    --------
    >>> assert_within_mcse(0.503, 0.5, 0.002)
    """
    error = np.abs(np.asarray(estimate, dtype=float) - np.asarray(truth, dtype=float))
    error, mcse = np.broadcast_arrays(error, np.asarray(mcse, dtype=float))
    misses = ~(error <= z * mcse)
    assert not misses.any(), f"errors {error[misses][:5]} exceed {z} Monte Carlo standard errors {mcse[misses][:5]}"
