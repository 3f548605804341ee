"""``simulator plot``."""

from __future__ import annotations

import click


class _Kinds(click.Command):
    """Tells of each kind what it shows and what it reads."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from simulator.plots.kinds import KINDS

        with formatter.section("Kinds"):
            formatter.write_dl([(name, f"{kind.shows}. From {kind.reads}.") for name, kind in KINDS.items()])
        super().format_epilog(ctx, formatter)


@click.command(
    cls=_Kinds,
    epilog="\b\nExamples:\n"
    "  simulator plot run.nc exceedance -o exceedance.svg\n"
    "  simulator plot run.nc bands -o bands.pdf --width 3.3\n"
    "  simulator plot both.nc difference -o difference.png\n"
    "  simulator plot both.nc joint --scenario quickstart -o joint.png\n"
    "  simulator plot DE fit -o de.png\n",
)
@click.argument("file", type=click.Path())
@click.argument("kind")
@click.option("-o", "--to", "target", type=click.Path(), required=True, help="Picture to write: PNG, SVG or PDF.")
@click.option("--width", type=float, default=6.5, show_default=True, help="Inches; 3.3 is a column of print, 6.5 a page.")
@click.option("--output", metavar="NAME", help="What is drawn, as bands name it: emissions_total  [default: cost_total]")
@click.option("--scenario", metavar="NAME", help="Of a comparison, the scenario that is drawn.")
def command(file: str, kind: str, target: str, width: float, output: str | None, scenario: str | None) -> None:
    """Draw FILE, which another verb saved, as a picture of a KIND.

    Marks, hatches and line styles tell apart what colours do, so that a picture can be read in grey. Equal files give equal pictures,
    to the last byte on machines alike.
    """
    from simulator.plots.kinds import KINDS, Wanted, draw
    from simulator.plots.targets import check_picture

    check_picture(target)
    figure = draw(file, kind, Wanted(width, output, scenario))

    from simulator.plots.described import described
    from simulator.plots.save import save_picture

    save_picture(figure, target, title=described(figure, KINDS[kind].shows))
    click.echo(f"drew {kind} of {file} to {target}", err=True)
