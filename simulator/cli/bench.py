"""``simulator bench``."""

from __future__ import annotations

import sys
from typing import Any

import click


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator bench\n"
    "  simulator bench -o before.json --picture roofline.png\n"
    "  simulator bench --compare before.json\n"
    "  simulator bench --compare before.json --with after.json --json\n"
    "  simulator bench --only path --threads 1 --repeats 21\n"
)
@click.option("--draws", type=int, help="Draws of the static workload; the path one plays a 32nd  [default: 131072]")
@click.option("--repeats", type=int, help="Rounds; fewer than five have no spread  [default: 9]")
@click.option("--threads", type=int, help="Most threads  [default: all cores]")
@click.option("--only", type=click.Choice(["static", "path"]), help="Measure one workload.")
@click.option("--json", "as_json", is_flag=True, help="Print the result, or the comparison, as JSON.")
@click.option("-o", "--output", type=click.Path(), help="Save the result to FILE.json, or result and picture to a folder.")
@click.option("--picture", type=click.Path(), help="Draw roofline, shares and threads: PNG, SVG or PDF.")
@click.option("--compare", "before", type=click.Path(), metavar="FILE", help="Compare with a saved result.")
@click.option("--with", "after", type=click.Path(), metavar="FILE", help="Compare that with this one; measure nothing.")
def command(
    draws: int | None,
    repeats: int | None,
    threads: int | None,
    only: str | None,
    as_json: bool,
    output: str | None,
    picture: str | None,
    before: str | None,
    after: str | None,
) -> None:
    """Measure the kernels on this machine: draws per second, what the time goes to, threads, memory.

    Two workloads: a run in expectations, and the same run played out hour by hour on the German grid. Beside them stand the
    ceilings of one thread, measured too: the random generator alone, arithmetic alone, memory alone. Takes half a minute; the first
    time the loops are compiled.
    """
    from pathlib import Path

    from simulator.bench.compare import common_workloads, works
    from simulator.bench.result import as_text, check_target, write
    from simulator.errors import InputError
    from simulator.plots.targets import check_picture

    given = {"draws": draws, "repeats": repeats, "threads": threads, "only": only}
    stated = {name: value for name, value in given.items() if value is not None}
    if after is not None:
        if before is None:
            raise InputError("--with FILE stands beside --compare FILE, which names the result before it")
        unused = [f"--{name}" for name in stated] + ([] if output is None else ["--output"])
        if unused:
            raise InputError(f"--with {after} measures nothing, so that {', '.join(unused)} can have no effect. Leave it out")
    earlier = None if before is None else _whole(before)
    target = None if output is None else check_target(output)
    if target is not None and picture is None and Path(str(output)).is_dir():
        picture = str(target.with_suffix(".png"))
    if picture is not None:
        check_picture(picture)
    later = None if after is None else _whole(after)
    if earlier is not None:
        if target is not None and target.exists() and target.samefile(str(before)):
            raise InputError(f"--output {output} would replace the result that --compare {before} reads. Name another file")
        common_workloads(works(earlier), _planned(only) if later is None else works(later))
    result = later or _measured(stated)
    if target is not None:
        write(target, result)
        click.echo(f"saved to {target}", err=True)
    if picture is not None:
        from simulator.plots.bench import bench_figure
        from simulator.plots.save import save_picture

        save_picture(bench_figure(result), picture)
        click.echo(f"drew {picture}", err=True)
    if earlier is not None:
        _compare(earlier, result, as_json=as_json)
    elif as_json:
        click.echo(as_text(result))
    else:
        from simulator.cli.show.bench import show_bench

        show_bench(result)


def _whole(path: str) -> dict[str, Any]:
    """Read a result and compare it with itself, so that a damaged one is refused before anything is measured."""
    from simulator.bench.compare import differences, notes
    from simulator.bench.result import read
    from simulator.errors import InputError

    result = read(path)
    try:
        differences(result, result)
        notes(result, result)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError):
        raise InputError(
            f"{path} is damaged (a part of it is missing, or another kind of value). simulator bench -o FILE.json writes one"
        ) from None
    return result


def _planned(only: str | None) -> dict[str, int]:
    """Return the workloads that would be measured, and which version of its work each is."""
    from simulator.bench.workloads import NAMES, VERSION

    return dict.fromkeys(NAMES if only is None else (only,), VERSION)


def _measured(stated: dict[str, Any]) -> dict[str, Any]:
    """Measure with a sign of life on stderr."""
    from simulator.bench import measure

    with click.progressbar(length=1, label="measuring (compiles first, once)", file=sys.stderr, show_eta=False) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return measure(**stated, progress=tell)


def _compare(before: dict[str, Any], now: dict[str, Any], *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from simulator.bench.compare import differences, notes
    from simulator.cli.show.bench import show_differences

    found, told = differences(before, now), notes(before, now)
    if as_json:
        metrics = [{**asdict(difference), "ratio": difference.ratio} for difference in found]
        click.echo(json.dumps({"notes": told, "metrics": metrics}, indent=1, allow_nan=False))
    else:
        show_differences(found, told)
