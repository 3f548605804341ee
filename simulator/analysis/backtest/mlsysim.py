"""Utilization by mlsysim, an analytical library with single numbers, where it is installed and knows the accelerator."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from simulator.analysis.backtest.forecasts import planned_accelerators
from simulator.analysis.backtest.published import BeforeRun

#: accelerator of the table ``accelerators`` -> its name in mlsysim; it knows no A800, H800, or single device of a GB200
KNOWN = {
    "P100 SXM2": "P100", "V100 SXM2": "V100", "T4": "T4", "A100 SXM 40GB": "A100_40GB", "A100 SXM 80GB": "A100", "H100 PCIe": "H100_PCIe",
    "H100 SXM": "H100", "H200 SXM": "H200", "B200": "B200", "MI250X": "MI250X", "MI300X": "MI300X", "MI325X": "MI325X", "Gaudi 2": "Gaudi2",
    "Gaudi 3": "Gaudi3", "TPU v2": "TPUv2", "TPU v3": "TPUv3", "TPU v4": "TPUv4", "TPU v5p": "TPUv5p", "TPU v6e": "TPUv6",
    "Trainium2": "Trainium2",
}  # fmt: skip
_TIERS = {32: "Eff32Gpu", 256: "Eff256Gpu", 1024: "Eff1024Gpu", 8192: "Eff8192Gpu"}


@dataclass(frozen=True)
class Utilizations:
    """Model FLOP over peak FLOP, of undisturbed training and over all hours of a run."""

    steady: float
    whole: float


def is_installed() -> bool:
    """Return whether mlsysim can be imported."""
    return find_spec("mlsysim") is not None


def mlsysim_utilizations(run: BeforeRun) -> Utilizations | None:
    """Return what mlsysim's model of a training run says, None where it does not know the accelerator.

    ``TrainingRunModel`` with the library's own figures, those of its scenario of a training run: the peak at 16 bits, what a device reaches
    by itself, the efficiency of scaling, and overheads of checkpoints, failures and maintenance. The efficiency of scaling is told for four
    numbers of devices: between them it is taken as even in the logarithm of the number, beyond them as at the last. The library takes all
    parameters of a mixture of experts for active; it is given the active ones.

    Parameters
    ----------
    run : BeforeRun

    Notes
    -----
    Janapa Reddi (2026), mlsysim 0.3.0, https://mlsysbook.ai/mlsysim, Apache-2.0.
    """
    if run.kind.accelerator not in KNOWN:
        return None
    import mlsysim  # noqa: PLC0415 - may not be installed, and takes seconds
    from mlsysim.solvers import TrainingRunModel  # noqa: PLC0415 - may not be installed, and takes seconds

    accelerators = run.accelerators or planned_accelerators(run)
    profile, overheads = mlsysim.ReferenceStats.TrainingScaleProfiles, mlsysim.Ops.TrainingRunOverheads
    node = mlsysim.Systems.Nodes.DGX_A100.model_copy(
        update={"accelerator": getattr(mlsysim.Hardware.Cloud, KNOWN[run.kind.accelerator]), "accelerators_per_node": 1}
    )
    tiers = [float(getattr(profile, name)) for name in _TIERS.values()]
    result = TrainingRunModel().solve(
        mlsysim.Models.Language.GPT3.model_copy(update={"parameters": mlsysim.Q_(run.params_active, "param")}),
        mlsysim.Systems.Clusters.Training_1K_A100.model_copy(update={"node": node, "count": accelerators}),
        local_efficiency=float(profile.LocalComputeEfficiency),
        scaling_efficiency=float(np.interp(np.log(accelerators), np.log(list(_TIERS)), tiers)),
        overheads={name: float(getattr(overheads, name)) for name in ("Checkpoint", "FailureRecovery", "Maintenance")},
        precision="fp16",
        tokens=mlsysim.Q_(run.flop / (6.0 * run.params_active), "count"),
    )
    at_peak = run.flop / (run.kind.peak_flops * accelerators)
    return Utilizations(at_peak / float(result.scaled_time.m_as("s")), at_peak / float(result.total_time.m_as("s")))
