"""``simulator import``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.complete import complete_accelerators, complete_kinds
from simulator.cli.pairs import pair

if TYPE_CHECKING:
    from simulator.importing.imported import Imported
    from simulator.importing.options import Options

_TIMES = ("interval", "shortest", "longest_gap", "window")
_NUMBERS = ("accelerators", "accelerators_per_node", "params", "pue", "server_power_ratio", "busy", *_TIMES)


@click.command(
    epilog="\b\nKinds, what they give as priors | as totals so far, and how to get the file:\n"
    "  codecarbon       power_fraction, carbon_intensity, pue |\n"
    "                   device_hours, energy, emissions\n"
    "                   emissions.csv, of version 2 or 3\n"
    "  nvidia-smi       power_fraction | device_hours, energy\n"
    "                   nvidia-smi --query-gpu=timestamp,index,power.draw,\n"
    "                   utilization.gpu --format=csv -l 10, or dmon -s pu -o DT\n"
    "  dcgm             power_fraction | device_hours, energy\n"
    "                   dcgmi dmon -e 155,203, or dcgm-exporter's metrics as CSV\n"
    "  sacct            failure_rate, downtime | device_hours, interruptions\n"
    "                   sacct --duplicates --parsable2 --format=JobID,JobName,\n"
    "                   State,Start,End,Elapsed,NNodes,AllocTRES\n"
    "  wandb            mfu | tokens or progress\n"
    "                   a chart or a history as CSV, or JSON lines\n"
    "  mlflow           mfu | tokens or progress\n"
    "                   a chart as CSV, or metric files of mlruns\n"
    "  electricitymaps  carbon_intensity |\n"
    "                   hourly CSV of one zone and a year\n"
    "  entsoe           electricity_price |\n"
    "                   day-ahead prices as CSV, a year\n"
    "\n\b\nExamples:\n"
    "  simulator import nvidia-smi gpu.csv --accelerator 'H100 SXM' -o power.yaml --plot check.png\n"
    "  simulator import sacct jobs.txt --where JobName=pretrain -o reliability.yaml\n"
    "  simulator import wandb history.csv --column perf/mfu -o mfu.yaml\n"
    "  simulator import mlflow tps.csv --as throughput --unit tokens/s/GPU --params 7e9 --accelerator 'H100 SXM' -o mfu.yaml\n"
    "  simulator import codecarbon emissions.csv --pue 1.2 -o actuals.csv\n"
    "  simulator run configs/quickstart.yaml --set @power.yaml --set @mfu.yaml\n"
    "  simulator update configs/quickstart.yaml --actuals actuals.csv\n"
    "\n\b\nExit codes: 0 written; 2 bad input, and nothing is written."
)
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="priors as NAME.yaml, totals so far as NAME.csv.")
@click.option("--plot", "picture", type=click.Path(), help="Picture of what was read and what was fitted: PNG, SVG or PDF.")
@click.option("--where", "filters", multiple=True, metavar="COLUMN=VALUE", help="Take only these rows; may be repeated.")
@click.option("--timezone", help="Clock of stamps without an offset: Europe/Berlin.")
@click.option("--column", help="Metric of a log, or column of hourly values.")
@click.option("--time-column", help="Column of times, of hourly values.")
@click.option("--as", "meaning", type=click.Choice(["mfu", "throughput", "flops", "tokens", "progress"]), help="What a logged metric is.")
@click.option("--unit", help="Its unit: %, tokens/s, tokens/s/GPU, TFLOP/s, EUR/MWh.")
@click.option("--params", help="Parameters that are active for one token, for throughput.")
@click.option(
    "--accelerator", shell_complete=complete_accelerators, help="Name in simulator reference accelerators; tells rated power and peak."
)
@click.option("--accelerators", help="Accelerators of the whole job, where the log is of some.")
@click.option("--accelerators-per-node", help="Where the accounting does not tell.")
@click.option("--pue", help="Of the facility, for energy and emissions so far.")
@click.option("--server-power-ratio", help="Power of whole servers over that of their accelerators, for energy so far.")
@click.option("--busy", help="Utilization from which on an accelerator trains  [default: 10%]")
@click.option("--interval", help="Time between the rows of a log without times: 1s.")
@click.option("--shortest", help="Least time of a start that counts as training  [default: 10 min]")
@click.option("--longest-gap", help="Longest downtime; what is longer is a break  [default: 7 days]")
@click.option("--window", help="Length of the run, whose mean differs with the season  [default: 30 days]")
@click.option("--skip", type=click.IntRange(min=0), help="Rows to leave out at the start of each run: warm-up.")
def command(kind: str, files: tuple[Path, ...], output: Path, picture: str | None, **options: Any) -> None:
    """Make priors of a scenario, or totals of a run so far, of FILEs that you already have.

    A NAME.yaml is a fragment of a config: each value with its error, its source and what was left out. Take it with --set @NAME.yaml, or
    copy it. A NAME.csv is what simulator update reads. What a kind cannot tell is told, and why; nothing is guessed.
    """
    from simulator.errors import InputError, printable
    from simulator.importing.kinds import import_files
    from simulator.importing.write import actuals_csv, priors_yaml
    from simulator.plots.targets import check_picture
    from simulator.text_file import check_place

    suffix = output.suffix.lower()
    if suffix not in (".yaml", ".yml", ".csv"):
        raise InputError(f"-o {output}: priors are written to NAME.yaml, totals so far to NAME.csv")
    if output in files:
        raise InputError(f"-o {output} is one of the files to read. Name another")
    check_place(output)
    if picture is not None:
        check_picture(picture)
    found = import_files(kind, files, _options(options))
    text = actuals_csv(found) if suffix == ".csv" else priors_yaml(found)
    _write(output, text, found, picture)
    for note in found.notes:
        click.echo(f"note: {printable(note)}", err=True)
    for name, why in found.left_out.items():
        click.echo(f"not given: {name}: {printable(why)}", err=True)
    for prior in found.priors if suffix != ".csv" else ():
        click.echo(f"{prior.quantity} = {prior.value if not isinstance(prior.value, dict) else prior.told[1].partition(',')[0]}")
    if suffix == ".csv" and found.totals is not None:
        click.echo(f"totals of {', '.join(found.totals.columns)} after {found.totals.hours[-1]:.1f} h")
    name = shlex.quote(str(output))
    follow = f"simulator update CONFIG --actuals {name}" if suffix == ".csv" else f"simulator run CONFIG --set @{name}"
    click.echo(f"wrote {output}{f' and {picture}' if picture else ''}; next: {follow}", err=True)


def _options(raw: dict[str, Any]) -> Options:
    """Return the options as values."""
    from simulator.importing.options import Options, number

    stated: dict[str, Any] = {
        name: number(name, text) if name in _NUMBERS else text for name, text in raw.items() if name != "filters" and text is not None
    }
    return Options(where=dict(map(pair, raw["filters"])), **stated)


def _write(output: Path, text: str, found: Imported, picture: str | None) -> None:
    """Write the file, and the picture beside it: both or neither."""
    from simulator.text_file import write_text

    if picture is None:
        write_text(output, text)
        return
    from simulator.plots.imported import imported_figure
    from simulator.plots.save import picture_beside

    with picture_beside(imported_figure(found), picture):
        write_text(output, text)
