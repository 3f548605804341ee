"""A backtest as tables, and as files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.backtest.backtest import PROTOCOLS, Backtest, backtest_json
from simulator.analysis.backtest.published import TARGETS, UNITS
from simulator.analysis.words import scale
from simulator.cli.show.page import page
from simulator.errors import InputError
from simulator.text_file import write_bytes

_MISSES = (0.05, 0.95)
_FEW = 5  # families


def show_backtest(found: Backtest) -> None:
    """Print scores by target, baselines, and what was missed."""
    data = backtest_json(found)
    with page() as console:
        for protocol, meaning in PROTOCOLS.items():
            console.print(_targets(data["protocols"][protocol], protocol))
            console.say(f"{meaning[0].upper()}{meaning[1:]}.\n")
        console.print(_baselines(data["baselines"]))
        console.say(f"Log score: {data['log_score']}.\n")
        console.print(_other_targets(data["baselines"]))
        for name, reason in data["baselines_left_out"].items():
            console.say(f"Left out: baseline {name}: {reason}.")
        console.print(_run_by_run(found))
        if found.later:
            told = ", ".join(f"{name} ({count})" for name, count in found.later.items())
            console.say(f"Knowledge date: of no year before the run are the figures of {told} runs.")
        for line in found.left_out:
            console.say(f"Left out: {line}.")
        console.say(f"Cost is {data['cost']}.")


def _targets(targets: dict[str, Any], title: str) -> Table:
    table = Table(title=title.replace("_", " "), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in ("", "families", "50 %", "80 %", "90 %", "P95/P05", "bias", "CRPS", "median's"):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True, min_width=len(head))
    for target, row in targets.items():
        if row["families"]:
            held = [f"{100 * row['coverage'][level]:.0f} %" for level in ("0.5", "0.8", "0.9")]
            numbers = [
                f"{row['median_band_ratio']:.2f}",
                f"{row['bias_log']:+.2f}",
                f"{row['crps_log']:.3f}",
                f"{row['crps_log_of_median']:.3f}",
            ]
            table.add_row(target, str(row["families"]), *held, *numbers)
    return table


def _baselines(baselines: dict[str, Any]) -> Table:
    """Return what baselines of hours score, and by how much ours is better."""
    table = Table(title="device_hours beside baselines", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in ("", "runs", "CRPS", "ours is below by", "95 % interval", "log score above by"):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for name, targets in baselines.items():
        if own := targets.get("device_hours"):
            interval = " to ".join(_percent(x).removesuffix(" %") for x in own["crps_below_ci"]) + " %"
            more = "–" if own["log_score_gain"] is None else f"{own['log_score_gain']:+.2f}"
            table.add_row(name, str(own["runs"]), f"{own['crps_log']:.3f}", _percent(own["crps_below"]), interval, more)
    return table


def _other_targets(baselines: dict[str, Any]) -> Table:
    """Return by how much our CRPS lies below those of baselines, by target."""
    title = "CRPS below that of baselines by, on the runs that both forecast"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    others = [target for target in TARGETS if target != "device_hours" and any(target in row for row in baselines.values())]
    for head in ("", *others):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for name, targets in baselines.items():
        table.add_row(name, *(_percent(targets[target]["crps_below"]) if target in targets else "" for target in others))
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _run_by_run(found: Backtest) -> Table:
    """Return the reports outside their 90 % bands, and all of groups so small that a share says little."""
    title = f"Run by run: outside the 90 % band, and all where there are fewer than {_FEW} families"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for head in ("", "run", "reported", "90 % band", "", ""):
        table.add_column(head, justify="right" if head == "reported" else "left")
    for target in UNITS:
        scores = found.of(target)
        few = len({s.family for s in scores}) < _FEW
        for s in scores:
            held = _MISSES[0] <= s.pit <= _MISSES[1]
            if held and not few:
                continue
            factor, unit = scale(UNITS[target], target, s.p50)
            low, high, actual = (f"{x / factor:.4g}" for x in (s.p05, s.p95, s.actual))
            table.add_row(target, s.run_id, actual, f"{low} to {high}", unit, "held" if held else "missed")
    return table


def check_folder(output: str) -> None:
    """Refuse a folder that cannot be made, before anything is computed.

    Raises
    ------
    InputError
        Where it is a file, or lies in one.
    """
    for place in (Path(output), *Path(output).parents):
        if place.exists():
            if not place.is_dir():
                raise InputError(f"{output} cannot be made a folder: {place} is a file. Name another")
            return


def save_backtest(found: Backtest, output: str) -> None:
    """Save backtest.json, runs.csv and backtest.png."""
    from simulator.plots.backtest import backtest_figure
    from simulator.plots.save import save_picture

    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "backtest.json", (json.dumps(backtest_json(found), indent=1, ensure_ascii=False) + "\n").encode())
    text = io.StringIO()
    rows = [{"protocol": protocol, **asdict(s)} for protocol, scores in found.scores.items() for s in scores]
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["run_id"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(folder / "runs.csv", text.getvalue().encode())
    if found.of("device_hours"):
        save_picture(backtest_figure(found), str(folder / "backtest.png"))
    else:
        click.echo("note: no run counts for device_hours, so that there is no picture", err=True)
