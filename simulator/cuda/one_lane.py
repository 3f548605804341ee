"""A second copy of the kernels in which a group of lanes is one draw.

The stages of the kernels are loops over lanes, on arrays that are as long. A thread of a GPU has one draw, and the same stages
serve it where ``LANES`` and ``WIDTH`` are 1. What follows from these two, the place of an input for example, is a constant of the
modules, so that all modules are executed once more. No formula stands twice; nothing of the first copy is touched.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

#: what is executed once more
_COPIED = ("simulator.kernels.", "simulator.model.", "simulator.stochastic.", "simulator.cuda.")
#: what fills many lanes at once, and the module that does the same for one draw
_OF_ONE_DRAW = {
    "simulator.kernels.scores": ("simulator.cuda.uniforms", ("random_uniforms", "sobol_uniforms")),
    "simulator.kernels.registers": ("simulator.cuda.registers", ("FOUR", "four_polynomials")),
}


def one_lane(dialect: ModuleType) -> Callable[[str], ModuleType]:
    """Return what finds a module's second copy by its name.

    Parameters
    ----------
    dialect : module
        Takes the place of ``simulator.jit``: ``stage``, ``jittable``, ``exact`` and so on make functions of one target. Its
        ``bits``, ``float_of`` and ``in_memory`` are those of ``stochastic.elementary`` in that target, and its
        ``numpy`` has the scalar functions that the target's own lacks.
    """
    copies: dict[str, ModuleType] = {}

    def find(name: str) -> ModuleType:
        if name not in copies:
            spec = find_spec(name)
            if spec is None or spec.loader is None:
                raise ModuleNotFoundError(name)
            copies[name] = module = module_from_spec(spec)
            vars(module)["__builtins__"] = {**vars(builtins), "__import__": imported}
            spec.loader.exec_module(module)
            vars(module).update(changes(name))
        return copies[name]

    def imported(name: str, *rest: Any) -> ModuleType:
        if name in ("simulator.jit", "numpy"):
            return dialect.numpy if name == "numpy" else dialect
        return find(name) if name.startswith(_COPIED) else builtins.__import__(name, *rest)

    def changes(name: str) -> dict[str, Any]:
        if name == "simulator.kernels.lanes":
            return {"LANES": 1, "WIDTH": 1}
        if name == "simulator.stochastic.elementary":
            return {word: getattr(dialect, word) for word in ("bits", "float_of", "in_memory")}
        if name in _OF_ONE_DRAW:
            module, words = _OF_ONE_DRAW[name]
            return {word: getattr(find(module), word) for word in words}
        return {}

    return find
