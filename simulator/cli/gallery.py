"""``simulator gallery``."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click


class _Picture(NamedTuple):
    """A picture of the gallery: the command that makes what it is drawn from, and how it is drawn."""

    name: str
    title: str
    command: str
    file: str
    kind: str


#: ``{draws}`` is filled in; files are beside each other
PICTURES = (
    _Picture("exceedance", "Will the budget hold?", "risk {configs}/quickstart.yaml --budget 300k --draws {draws} -o risk.nc", "risk.nc",
             "exceedance"),
    _Picture("bands", "What it costs and emits", "run {configs}/full-anatomy.yaml --draws {draws} -o run.nc", "run.nc", "bands"),
    _Picture("fan", "Over the run", "fan {configs}/quickstart-de.yaml --draws 4000 -o fan.nc", "fan.nc", "fan"),
    _Picture("tornado", "What drives it", "sensitivity {configs}/quickstart.yaml -o tornado.nc", "tornado.nc", "tornado"),
    _Picture("ranks", "What it goes with", "sensitivity {configs}/full-anatomy.yaml --method rank --draws {draws} -o ranks.nc", "ranks.nc",
             "ranks"),
    _Picture("shares", "What its variance is made of",
             "sensitivity {configs}/quickstart.yaml --method sobol --grouped -o shares.nc", "shares.nc", "shares"),
    _Picture("waterfall", "From P50 to P80", "run {configs}/full-anatomy.yaml --draws {draws} -o run.nc", "run.nc", "waterfall"),
    _Picture("joint", "Cost, carbon and date together", "run {configs}/full-anatomy.yaml --draws {draws} -o run.nc", "run.nc", "joint"),
    _Picture("difference", "Is FP8 better?", "compare {configs}/quickstart.yaml --lever fp8 --draws {draws} -o both.nc", "both.nc",
             "difference"),
    _Picture("update", "Five days in", "update {configs}/quickstart.yaml --actuals actuals.csv --draws 100000 -o update.nc", "update.nc",
             "update"),
    _Picture("calibration", "Were such forecasts right?", "backtest -o scores", "scores", "calibration"),
    _Picture("fit", "A grid zone and its history", "", "DE", "fit"),
)  # fmt: skip
_ACTUALS = (
    "hours,progress,progress_error,spend [USD],spend_error,energy [MWh],interruptions\n48,16%,2%,31k,1%,15,0\n120,41%,2%,84k,1%,38,1\n"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pictures of simulator plot</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff }}
figure {{ margin: 1rem 0 3rem; break-inside: avoid }}
img {{ max-width: 100%; height: auto }}
pre {{ background: #f2f2f2; padding: .5rem; overflow-x: auto }}
</style>
</head>
<body>
<main>
<h1>Pictures of simulator plot</h1>
{figures}
</main>
</body>
</html>
"""
_FIGURE = """<section>
<h2>{title}</h2>
<figure>
<img src="{name}.png" alt="{alt}" width="{width:.0f}">
<figcaption>{shows}.</figcaption>
</figure>
<pre tabindex="0" aria-label="commands of this picture">{commands}</pre>
</section>"""
_PIXELS = 96  # of a page, for each inch


@click.command(
    epilog="\b\nExamples:\n  simulator gallery pictures\n  simulator gallery pictures --width 3.3\n",
)
@click.argument("folder", type=click.Path(), metavar="DIR")
@click.option("--draws", type=click.IntRange(5000), default=20_000, show_default=True, help="Draws of most pictures.")
@click.option("--width", type=float, default=6.5, show_default=True, help="Of each picture; inches.")
@click.option("--configs", type=click.Path(), default="configs", show_default=True, help="Folder of the shipped configs.")
def command(folder: str, draws: int, width: float, configs: str) -> None:
    """Build a page in DIR, index.html, with a picture of every kind and the commands that make it.

    Takes about a minute. The page needs nothing but the pictures beside it; each has an alternative text with its numbers.
    """
    import tempfile

    from simulator.errors import InputError
    from simulator.plots.described import described
    from simulator.plots.kinds import KINDS, Wanted, opened
    from simulator.plots.kinds import picture as drawn
    from simulator.plots.save import save_picture
    from simulator.text_file import write_text

    target, shipped = Path(folder), Path(configs)
    if missing := [name for name in _configs() if not (shipped / name).is_file()]:
        raise InputError(f"{shipped} does not hold {', '.join(missing)}, which ship with the project. State their folder: --configs DIR")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made a folder ({error.strerror or error}). Name another") from None
    figures, held = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "actuals.csv").write_text(_ACTUALS, encoding="utf-8")
        for picture in PICTURES:
            made = Path(scratch) / picture.file
            words = picture.command.format(draws=draws, configs=configs).split()
            if words and not made.exists():
                _play([str(Path(scratch) / word) if word in (picture.file, "actuals.csv") else word for word in words])
            if picture.file not in held:
                held[picture.file] = opened(made if words else picture.file)
            figure = drawn(held[picture.file], picture.kind, Wanted(width))
            alt = described(figure, KINDS[picture.kind].shows)
            save_picture(figure, target / f"{picture.name}.png", title=alt)
            shown = f" --width {width:g}" if width != Wanted.width else ""
            lines = [*([f"simulator {' '.join(words)}"] if words else []), _command(picture, shown)]
            figures.append(
                _FIGURE.format(
                    title=html.escape(picture.title),
                    name=picture.name,
                    alt=html.escape(alt),
                    width=width * _PIXELS,
                    shows=html.escape(KINDS[picture.kind].shows),
                    commands=html.escape("\n".join(lines)),
                )
            )
            click.echo(f"drew {picture.name}", err=True)
    write_text(target / "actuals.csv", _ACTUALS)
    write_text(target / "index.html", _PAGE.format(figures="\n".join(figures)))
    click.echo(f"wrote {target / 'index.html'}", err=True)


def _command(picture: _Picture, options: str) -> str:
    return f"simulator plot {picture.file} {picture.kind} -o {picture.name}.png{options}"


def _configs() -> list[str]:
    """Return the names of the configs that the gallery reads."""
    words = [word for picture in PICTURES for word in picture.command.split()]
    return sorted({word.removeprefix("{configs}/") for word in words if word.startswith("{configs}/")})


def _play(words: Sequence[str]) -> None:
    """Run a verb without what it prints."""
    import os
    from contextlib import redirect_stderr, redirect_stdout

    from simulator.cli import cli

    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        cli.main(args=list(words), prog_name="simulator", standalone_mode=False)
