"""``simulator backtest``."""

from __future__ import annotations

import click


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator backtest\n"
    "  simulator backtest --runs published_runs.csv --json\n"
    "  simulator backtest --runs published_runs.csv -o calibration\n"
)
@click.option("--runs", "path", type=click.Path(), metavar="FILE", help="CSV of published runs  [default: the table runs of the package]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all streams; 0 is a seed.")
@click.option("-o", "--output", type=click.Path(), metavar="DIR", help="Save scores as backtest.json and runs.csv, and a picture.")
@click.option("--json", "as_json", is_flag=True, help="Print every score as JSON.")
def command(path: str | None, seed: int, output: str | None, as_json: bool) -> None:
    """Forecast published training runs from what was known before each, and score the forecasts against what was reported.

    Bands of a run rest on published runs of other families only; and, in a second protocol, on what was public before it alone. Runs
    that are scored are never trained on. Scores are of logarithms; families count alike, however many runs they have.
    """
    import json

    from simulator.analysis.backtest.published import read_runs

    if path is not None:
        read_runs(path)  # what is wrong with the file is told before anything else is loaded
    from simulator.analysis.backtest.backtest import backtest, backtest_json
    from simulator.cli.show.backtest import check_folder, save_backtest, show_backtest

    if output is not None:
        check_folder(output)
    found = backtest(path, seed=seed)
    if output is not None:
        save_backtest(found, output)
        click.echo(f"saved scores and picture to {output}", err=True)
    if as_json:
        click.echo(json.dumps(backtest_json(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show_backtest(found)
