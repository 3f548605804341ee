"""One factor for each of price and carbon, exponentiated: the work on which the C ceiling was first measured."""

from __future__ import annotations

from benchmarks.harness import Peer, Workload

_NUMPY = "numpy"

ONE_FACTOR = Workload(
    "one-factor",
    "One factor and an exponential: the C ceiling on its simplest work",
    "hour and draw",
    54 * 24,
    (
        Peer(
            _NUMPY,
            "A loop over hours, one array of draws per factor.",
            "one_factor.numpy_hours",
            {},
            4096,
            "numpy",
            _NUMPY,
        ),
        *(
            Peer(
                f"C, {width} bit",
                "`one_factor.c`: Philox with 7 rounds, one call for two hours; float32 Box-Muller, polynomial exponential.",
                "one_factor.c_lanes",
                {"width": width},
                8192,
                reference=_NUMPY,
            )
            for width in (256, 512)
        ),
    ),
)
