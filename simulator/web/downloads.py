"""What can be taken away from the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.analysis.fans import fan_of
from simulator.report import report
from simulator.results import netcdf_bytes
from simulator.web.answer import Answer, Progress


@dataclass(frozen=True)
class Download:
    """A file that is made of an answer.

    Attributes
    ----------
    ending, label, kind : str
        Of the file's name; of the link; its media type.
    make : callable
        From an answer to the file's content; calls what it is given now and then, as ``progress`` is.
    """

    ending: str
    label: str
    kind: str
    make: Callable[[Answer, Progress], bytes]


def _config(answer: Answer, _progress: Progress) -> bytes:
    return answer.scenario.to_yaml().encode()


def _draws(answer: Answer, _progress: Progress) -> bytes:
    return bytes(netcdf_bytes(answer.results))


def _report(answer: Answer, progress: Progress) -> bytes:
    return report(answer.results, fan=fan_of(answer.scenario, answer.plan, progress=progress))


#: what is added here has its link on the page
DOWNLOADS = (
    Download(".yaml", "Scenario (YAML)", "application/yaml", _config),
    Download(".nc", "Draws (netCDF)", "application/x-netcdf", _draws),
    Download(".html", "Report (HTML)", "text/html", _report),
)


def file_name(answer: Answer, ending: str) -> str:
    """Return the name of a file of a scenario, of letters that every system takes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> file_name(SimpleNamespace(scenario=SimpleNamespace(name="../a <b>")), ".nc")
    'a-b.nc'
    """
    return (re.sub(r"[^A-Za-z0-9.]+", "-", answer.scenario.name).strip("-.")[:60] or "scenario") + ending
