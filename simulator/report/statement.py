r"""A statement for a model card or a sustainability report: intervals that can be cited, in words, LaTeX, JSON and YAML.

``co2_eq_emissions`` has the fields of Hugging Face's model cards: ``emissions`` in grams of CO2, ``source``, ``training_type``
(pre-training or fine-tuning), ``geographical_location``, ``hardware_used`` (https://huggingface.co/docs/hub/model-cards-co2, "Displaying
carbon emissions for your model").

``computational_resources`` and ``energy_consumption`` answer points 2(d), the computational resources and the training time, and 2(e), the
known or estimated energy consumption of the model, of Annex XI, section 1, of Regulation (EU) 2024/1689 (AI Act); by that annex an energy
that is not known may be based on the computational resources used, as this one is.

Operational emissions are told location-based and market-based, and embodied ones apart, as the GHG Protocol Scope 2 Guidance (2015) asks of
the first two; the sum holds the location-based ones.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import xarray as xr

from simulator.analysis.estimates import Estimate
from simulator.analysis.rows import band_rows
from simulator.analysis.stated_inputs import stated_inputs
from simulator.analysis.words import scale
from simulator.report.numbers import number
from simulator.report.parts import Code, Number, Paragraph, Section, Text
from simulator.scenario.text import parse_yaml

_LEVELS = (0.05, 0.5, 0.95)
_SOURCE = "https://huggingface.co/docs/hub/model-cards-co2"
_NOT_STATED = "not stated"
_NOT_TOLD = "an amount that these draws do not tell"


def statement(results: xr.Dataset, summary: xr.Dataset) -> Section:
    """Return the section with the statement.

    Parameters
    ----------
    results : xarray.Dataset
        Draws.
    summary : xarray.Dataset
        Their bands.
    """
    about = _about(results)
    fields = statement_json(results, summary)
    card = fields["co2_eq_emissions"]
    blocks = (
        Paragraph(("For a model card, a paper or a sustainability report; P5 to P95 is a central 90 % interval of the forecast.",)),
        Paragraph(_words(results, summary, about), "quote"),
        Paragraph(_contents(results, summary), "note"),
        Code("In LaTeX", _latex(results, summary, about), "latex"),
        Code("In JSON: model card and Annex XI of the AI Act", _json(fields), "json"),
        Code("In the YAML head of a Hugging Face model card", _card(card), "yaml"),
    )
    return Section("statement", "Statement for a model card or sustainability report", blocks)


def statement_json(results: xr.Dataset, summary: xr.Dataset) -> dict[str, Any]:
    """Return the statement as plain data for ``json.dumps``; what is not known is None.

    Parameters
    ----------
    results, summary
        See :func:`statement`.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate, summarize
    >>> ds = simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))
    >>> found = statement_json(ds, summarize(ds))
    >>> found["co2_eq_emissions"]["hardware_used"], found["energy_consumption"]["unit"]
    ('256 x H100 SXM', 'MWh')
    """
    about = _about(results)
    embodied = [name for name in map(str, summary.output.values) if name.startswith("emissions[embodied_")]
    middle = _plain(summary.value.sel(output="emissions_total", quantile=0.5).item(), 1e-3)
    return {
        "co2_eq_emissions": {
            "emissions": middle if middle is None else round(middle),
            "source": f"median of a Monte Carlo forecast, 90 % interval {_grams(summary)} g; training-risk-simulator {about['version']}",
            "training_type": about["training_type"],
            "geographical_location": about["place"],
            "hardware_used": about["hardware"],
        },
        "emissions": {
            "unit": "kgCO2e",
            "total": _band(summary, "emissions_total"),
            "operational_location_based": _band(summary, "emissions_location"),
            "operational_market_based": _band(summary, "emissions_market"),
            "embodied": {name[10:-1]: _band(summary, name) for name in embodied if summary.value.sel(output=name).any()},
            "contains": _contained(summary),
        },
        "energy_consumption": {
            "unit": "MWh",
            "basis": "estimated from computational resources, PUE included; Regulation (EU) 2024/1689, Annex XI, section 1, point 2(e)",
            "training_run": _band(summary, "energy", 1e3),
            "whole_programme": _band(summary, "energy_total", 1e3),
            "pue": _of_input(results, "pue"),
        },
        "computational_resources": {
            "basis": "Regulation (EU) 2024/1689, Annex XI, section 1, point 2(d)",
            "hardware": about["hardware"],
            "accelerator_hours": _band(summary, "device_hours"),
            "training_time_days": _band(summary, "wall_clock", 24.0),
        },
        "uncertainty": "p5 to p95 is a central 90 % interval; mcse is the Monte Carlo standard error of p50",
        "scenario": str(results.attrs["scenario"]),
        "scenario_hash": about["hash"],
        "draws": int(results.attrs["draws"]),
        "seed": int(results.attrs["seed"]),
        "simulator": f"training-risk-simulator {about['version']}",
        "model_card_fields": _SOURCE,
    }


def _about(results: xr.Dataset) -> dict[str, str]:
    """Return place, hardware, kind of training, hash and version."""
    config = parse_yaml(str(results.attrs["config"])).data
    grid, hardware = config.get("grid") or {}, config.get("hardware") or {}
    zone = json.loads(results.attrs.get("grid", "{}")).get("zone", {}).get("name")
    place = next((str(known) for known in (grid.get("region"), zone) if known), _NOT_STATED)
    count = f"{results.accelerators.item():.10g} x " if "accelerators" in results and results.accelerators.ndim == 0 else ""
    return {
        "place": place,
        "hardware": f"{count}{hardware.get('accelerator', 'accelerators of a peak that is stated')}",
        "training_type": "fine-tuning" if "transfer_learning" in str(results.attrs.get("levers", "")) else "pre-training",
        "hash": str(results.attrs["scenario_hash"]),
        "version": str(results.attrs["version"]),
    }


def _words(results: xr.Dataset, summary: xr.Dataset, about: Mapping[str, str]) -> Text:
    """Return the statement in words."""
    place = "" if about["place"] == _NOT_STATED else f", {about['place']}"
    drawn = f"{int(results.attrs['draws']):,}".replace(",", " ")
    how = f"Monte Carlo simulation, {drawn} draws, seed {results.attrs['seed']}, training-risk-simulator {about['version']}"
    return (
        f"Training {results.attrs['scenario']} ({about['hardware']}{place}) is forecast to emit ", *_interval(summary, "emissions_total"),
        " and to use ", *_interval(summary, "energy_total"), f" of electricity. {how}, scenario {about['hash'][:12]}.",
    )  # fmt: skip


def _interval(summary: xr.Dataset, output: str) -> Text:
    """Return median and 90 % interval with a unit."""
    (low, middle, high), unit = _numbers(summary, output)
    if math.isnan(middle.value):
        return (_NOT_TOLD,)
    if low.value == high.value:
        return (middle, f" {unit} (the same in every draw)")
    return (middle, f" {unit} (median; 90 % interval ", low, " to ", high, f" {unit})")


def _grams(summary: xr.Dataset) -> str:
    """Return the 90 % interval of the emissions in grams."""
    band = _band(summary, "emissions_total", 1e-3)
    return " to ".join("?" if band[end] is None else f"{band[end]:.10g}" for end in ("p5", "p95"))


def _numbers(summary: xr.Dataset, output: str) -> tuple[list[Number], str]:
    """Return P5, P50 and P95 in a readable unit; not known where the draws do not support one."""
    row = summary.sel(output=output)
    found = [_supported(row.sel(quantile=level)) for level in _LEVELS]
    factor, unit = scale(str(row.unit.item()), output, found[1].value if math.isfinite(found[1].value) else 0.0)
    return [number(e.value, e.mcse, factor) for e in found], unit


def _supported(at: xr.Dataset) -> Estimate:
    known = int(at.draws_needed.item()) == 0
    return Estimate(at.value.item(), at.mcse.item()) if known else Estimate(math.nan, math.nan)


def _contained(summary: xr.Dataset) -> list[str]:
    """Return the components of the emissions that are not nought."""
    return [label.strip().replace("_", " ") for output, label in band_rows(summary) if output.startswith("emissions[")]


def _contents(results: xr.Dataset, summary: xr.Dataset) -> Text:
    """Return in words what the statement contains."""
    parts = ", ".join(_contained(summary))
    pue = next((item for item in stated_inputs(results) if item.name == "pue"), None)
    told: list[str | Number] = [
        f"The sum contains: {parts}. Operational emissions are location-based, by average carbon intensity of the place"
    ]
    if pue is not None and pue.drawn:
        told += [", and include the facility (PUE, P50 ", number(pue.drawn[1].value, pue.drawn[1].mcse), ")"]
    elif pue is not None:
        told += [f", and include the facility (PUE {pue.stated})"]
    row = summary.value.sel(output=["emissions_location", "emissions_market"]).values
    if (row[0] == row[1]).all():
        told.append(". Market-based they are the same: no contracts for electricity are stated.")
    else:
        told += [". Market-based, the operational part is ", *_interval(summary, "emissions_market"), ", which is not part of the sum."]
    return tuple(told)


def _latex(results: xr.Dataset, summary: xr.Dataset, about: Mapping[str, str]) -> str:
    """Return the statement in LaTeX, of which everything that a scenario names is escaped."""

    def interval(output: str) -> str:
        numbers, unit = _numbers(summary, output)
        if math.isnan(numbers[1].value):
            return _NOT_TOLD
        low, middle, high = (
            n.text.replace("∞", r"\infty") if math.isfinite(n.value) or math.isinf(n.value) else r"\mathrm{?}" for n in numbers
        )
        unit = latex(unit).replace("CO2e", r"CO\textsubscript{2}e")
        if numbers[0].value == numbers[-1].value:
            return rf"${middle}$~{unit} (the same in every draw)"
        return rf"${middle}$~{unit} (90\,\% interval ${low}$ to ${high}$~{unit})"

    name, hardware = latex(str(results.attrs["scenario"])), latex(about["hardware"]).replace(" x ", r" $\times$ ")
    return (
        f"Training {name} ({hardware}) is forecast to emit\n"
        f"{interval('emissions_total')}\n"
        f"and to use\n{interval('energy_total')} of electricity\n"
        f"(medians; Monte Carlo simulation, {int(results.attrs['draws'])} draws,\n"
        rf"training-risk-simulator {latex(about['version'])}, scenario \texttt{{{about['hash'][:12]}}})."
    )


_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\n": " "}


def latex(text: str) -> str:
    r"""Return a text in which nothing is a command of LaTeX.

    Examples
    --------
    >>> latex("50 % of A&B_1 \\input")
    '50 \\% of A\\&B\\_1 \\textbackslash{}input'
    """
    return re.sub(r"[\\~^\n&%$#_{}]", lambda found: _SPECIAL.get(found[0], rf"\{found[0]}"), text)


def _json(value: Any, indent: str = "") -> str:
    """Return plain data as JSON, of which what holds no more than numbers or words stands in one line."""
    if not isinstance(value, Mapping) or not any(isinstance(own, str | Mapping | list) for own in value.values()):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    deeper = f"{indent}  "
    rows = (f"{deeper}{json.dumps(name)}: {_json(own, deeper)}" for name, own in value.items())
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


def _card(card: Mapping[str, Any]) -> str:
    """Return the head of a model card; strings of JSON are strings of YAML too."""
    lines = [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in card.items()]
    return "\n".join(["co2_eq_emissions:", *lines])


def _band(summary: xr.Dataset, output: str, factor: float = 1.0) -> dict[str, float | None]:
    """Return P5, P50, P95 and the Monte Carlo error of P50 to six digits."""
    row = summary.sel(output=output)
    found = {f"p{100 * level:g}": _plain(_supported(row.sel(quantile=level)).value, factor) for level in _LEVELS}
    return found | {"mcse": _plain(_supported(row.sel(quantile=0.5)).mcse, factor)}


def _of_input(results: xr.Dataset, name: str) -> dict[str, float | None]:
    """Return P5, P50 and P95 of an input, its value where it is certain."""
    if name not in results:
        return {}
    for item in stated_inputs(results):
        if item.name == name and item.drawn:
            return {f"p{100 * level:g}": _plain(e.value, 1.0) for level, e in zip(_LEVELS, item.drawn, strict=True)}
    return {"p50": _plain(float(results[name].values.flat[0]), 1.0)}


def _plain(value: float, factor: float) -> float | None:
    return float(f"{value / factor:.6g}") if math.isfinite(value) else None
