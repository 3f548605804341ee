"""The static workload: 16 uncertain inputs, a training run in expectations, 17 outputs."""

from __future__ import annotations

from benchmarks.harness import Peer, Workload

_KERNEL, _INDEPENDENT = "kernel", "kernel, independent"
_ROUNDS = 10  # of Philox, as the kernel's static inputs

STATIC = Workload(
    "static",
    "Static: 16 inputs of nine families, one pair correlated; 17 outputs",
    "draw",
    1,
    (
        Peer(_KERNEL, "The kernel and its ledger fill arrays allocated once.", "static.kernel", {"correlated": True}, 2**18),
        Peer(
            _INDEPENDENT,
            "The same without the copula, for peers without one.",
            "static.kernel",
            {"correlated": False},
            2**18,
            reference=_INDEPENDENT,
        ),
        Peer(
            "simulate()",
            "The public function: laws are compiled, draws ranked and labelled.",
            "static.simulate",
            {},
            2**18,
            reference=None,
        ),
        Peer(
            "numpy, independent",
            "One array per quantity; the methods of `numpy.random.Generator` named after the families, no copula.",
            "static.numpy_arrays",
            {"correlated": False},
            2**18,
            "numpy",
            _INDEPENDENT,
        ),
        Peer(
            "numpy, copula",
            "The same with the pair's Gaussian copula: three lines more.",
            "static.numpy_arrays",
            {"correlated": True},
            2**18,
            "numpy",
        ),
        Peer(
            "numpy, chunked",
            "With the copula, in chunks of 4096 draws that stay in the cache.",
            "static.numpy_chunks",
            {"tuned": False},
            2**18,
            "numpy",
        ),
        Peer(
            "numpy, tuned",
            "Chunked, and array functions, which use SIMD, where the generator calls libm draw by draw.",
            "static.numpy_chunks",
            {"tuned": True},
            2**18,
            "numpy",
        ),
        Peer(
            "numba, scalar loop",
            "One draw after the other, the samplers of a `np.random.Generator` passed in, `fastmath=True`, serial; with the copula.",
            "static.numba_loop",
            {},
            2**17,
            "numba",
        ),
        Peer(
            "scipy Sobol'",
            "`qmc.Sobol` (scrambled), then `ppf` of frozen distributions; with the copula.",
            "static.scipy_sobol",
            {},
            2**15,
            "scipy",
        ),
        Peer(
            "squigglepy, independent",
            "`sq.sample` of each law, n draws at once; numpy for the model.",
            "static.squigglepy_sample",
            {"correlated": False},
            2**18,
            "squigglepy",
            _INDEPENDENT,
        ),
        Peer(
            "squigglepy, correlated",
            "The pair by `sq.correlate`, which reorders draws (Iman and Conover).",
            "static.squigglepy_sample",
            {"correlated": True},
            2**18,
            "squigglepy",
        ),
        Peer(
            "OpenTURNS, independent",
            "`JointDistribution.getSample`, TBB off; numpy for the model.",
            "static.openturns_joint",
            {"correlated": False},
            2**16,
            "openturns",
            _INDEPENDENT,
        ),
        Peer(
            "OpenTURNS, copula",
            "The same with `NormalCopula`.",
            "static.openturns_joint",
            {"correlated": True},
            2**14,
            "openturns",
        ),
        Peer(
            "chaospy, independent",
            '`J(...).sample(n, rule="random")`; numpy for the model.',
            "static.chaospy_joint",
            {},
            2**16,
            "chaospy",
            _INDEPENDENT,
        ),
        Peer(
            "monaco, independent",
            "A `Sim` of scipy distributions, random draws, one thread, nothing saved; its model is a Python function called case by case.",
            "static.monaco_cases",
            {},
            2**10,
            "monaco",
            _INDEPENDENT,
            fewest=256,
        ),
        Peer(
            "JAX",
            "`jax.random` and `jax.numpy` in one jitted function, float32, threefry; with the copula.",
            "static.jax_jit",
            {},
            2**17,
            "jax",
        ),
        *(
            Peer(
                f"C, {width} bit",
                f"`static.c` with the copula: lanes, Philox with {_ROUNDS} rounds, quantile functions as tables of cubics to about 1e-9.",
                "static.c_lanes",
                {"width": width, "rounds": _ROUNDS},
                2**18,
            )
            for width in (256, 512)
        ),
        Peer(
            "C, 256 bit, 7 rounds",
            "The same with 7 rounds of Philox.",
            "static.c_lanes",
            {"width": 256, "rounds": 7},
            2**18,
        ),
    ),
)
