"""What of a run tells of it before it is run."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from simulator.quantities import QUANTITIES
from simulator.reference import accelerator

Architecture: TypeAlias = Literal["dense", "mixture_of_experts", "encoder_decoder"]

_VOLTA, _HOPPER, _BLACKWELL = 2e14, 6e14, 1.8e15  # FLOP/s at 16 bits, dense, between the generations: below and above
_BEFORE_AMPERE = re.compile(r"[PV]100|T4")
_NVIDIA = re.compile(r"[PV]100|T4|A\d+|[HL]\d+|RTX|G?B[23]00|GH200")


@dataclass(frozen=True)
class Kind:
    """What of a run tells of it.

    Attributes
    ----------
    accelerator : str
        As in the table ``accelerators``; empty where it is another.
    peak_flops : float
        Dense, at 16 bits [FLOP/s].
    params_active : float or None
        None where the size is not known.
    accelerators : float or None
        How many; None where that is not known.
    architecture : {"dense", "mixture_of_experts", "encoder_decoder"}
    laboratory : bool
        Whether an organisation trains it whose work that is, at scale; not a public project or another company.
    """

    accelerator: str
    peak_flops: float
    params_active: float | None = None
    accelerators: float | None = None
    architecture: Architecture = "dense"
    laboratory: bool = False

    @property
    def tpu(self) -> bool:
        """Whether its accelerators are TPUs."""
        return self.accelerator.startswith("TPU")

    @property
    def nvidia(self) -> bool:
        """Whether its accelerators are NVIDIA's."""
        return bool(_NVIDIA.match(self.accelerator))

    @property
    def volta(self) -> bool:
        """Whether its accelerators are GPUs of V100's generation or before; by their peak where their name is not known."""
        return bool(_BEFORE_AMPERE.match(self.accelerator)) if self.accelerator else self.peak_flops < _VOLTA

    @property
    def hopper(self) -> bool:
        """Whether its accelerators are GPUs of H100's generation or later."""
        return not self.tpu and self.peak_flops >= _HOPPER

    @property
    def blackwell(self) -> bool:
        """Whether its accelerators are GPUs of B200's generation or later."""
        return not self.tpu and self.peak_flops >= _BLACKWELL

    def below(self, size: float) -> float:
        """Return the logarithm of the active parameters over a size where they are fewer, else 0."""
        return min(0.0, math.log((self.params_active or size) / size))

    def fewer(self, count: float) -> float:
        """Return the logarithm of a number over that of accelerators where they are fewer, else 0."""
        return max(0.0, math.log(count / (self.accelerators or count)))


def peak_flops(name: str) -> float:
    """Return the dense peak at 16 bits of an accelerator [FLOP/s].

    Parameters
    ----------
    name : str
        As in the table ``accelerators``.
    """
    return QUANTITIES["peak_flops"].parse(accelerator(name)["peak_flops"].value)
