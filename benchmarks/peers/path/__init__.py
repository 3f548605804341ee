"""The path workload: 54 days of hourly prices and carbon intensities, integrated."""

from __future__ import annotations

from benchmarks.harness import Peer, Workload

_KERNEL, _COARSE = "kernel", "kernel, 48 scores"
_ALGORITHMS = {
    "midpoints": "the kernel's algorithm: midpoint displacement, Philox with 7 rounds, float32 Box-Muller, even cells with one knot each",
    "recursion": "the same noise and cells, the factors stepped from hour to hour",
}

PATH = Workload(
    "path",
    "Path: 54 days of hourly price and carbon intensity, two correlated factors each, no interruption",
    "hour and draw",
    54 * 24,
    (
        Peer(_KERNEL, "32 nodes that never fail; quantile functions of 257 scores.", "path.kernel", {"scores": 257}, 8192),
        Peer(
            _COARSE,
            "The same with 48 scores, as the shipped zones have.",
            "path.kernel",
            {"scores": 48},
            8192,
            reference=_COARSE,
        ),
        Peer(
            "kernel, 32 nodes interrupted",
            "With about 7 interruptions per run.",
            "path.kernel",
            {"scores": 257, "failure_rate": 4.0},
            8192,
            reference=None,
        ),
        Peer(
            "kernel, 2048 nodes interrupted",
            "With about 420 interruptions per run (Llama 3.1's rate).",
            "path.kernel",
            {"scores": 257, "nodes": 2048, "failure_rate": 3.79},
            8192,
            reference=None,
        ),
        Peer(
            "numpy",
            "A loop over hours, one array of draws per factor, `standard_normal`, `interp`.",
            "path.numpy_hours",
            {"scores": 257},
            4096,
            "numpy",
        ),
        Peer(
            "numpy, 48 scores",
            "`interp` searches its table, so that its time depends on the scores.",
            "path.numpy_hours",
            {"scores": 48},
            4096,
            "numpy",
            _COARSE,
        ),
        Peer(
            "numba, scalar loop",
            "Draw by draw and hour by hour, `np.random.standard_normal`, an index into the even grid, `fastmath=True`, serial.",
            "path.numba_loop",
            {"generator": False},
            2048,
            "numba",
        ),
        Peer(
            "numba, scalar loop, Generator",
            "The same with a `np.random.Generator` passed in, which compiled loops can call.",
            "path.numba_loop",
            {"generator": True},
            4096,
            "numba",
        ),
        Peer(
            "JAX, even grid",
            "Jitted `lax.scan` over hours, float32, threefry; an index into the even grid.",
            "path.jax_scan",
            {"interp": False},
            4096,
            "jax",
        ),
        Peer("JAX, interp", "The same with `jnp.interp`.", "path.jax_scan", {"interp": True}, 4096, "jax"),
        *(
            Peer(f"C, {algorithm}, {width} bit", f"`path.c`: {how}.", "path.c_lanes", {"algorithm": algorithm, "width": width}, 8192)
            for algorithm, how in _ALGORITHMS.items()
            for width in (256, 512)
        ),
    ),
)
