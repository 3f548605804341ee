"""``simulator claims``."""

from __future__ import annotations

import json

import click


@click.command(
    epilog="\b\nExamples:\n  simulator claims\n  simulator claims --draws 100000 --json\n",
)
@click.option("--configs", type=click.Path(), default="configs", show_default=True, help="Folder with the scenarios of the record.")
@click.option("--draws", type=int, default=20_000, show_default=True, help="Number of draws of each scenario.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all streams.")
@click.option("--threads", type=int, help="Threads; changes no result  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(configs: str, draws: int, seed: int, threads: int | None, as_json: bool) -> None:
    """Put well-known claims about training to the scenarios of the record, and tell how likely each is, false ones included."""
    from simulator.analysis.claims import event, findings_json, judge_claims
    from simulator.analysis.words import band_in_words, chance_in_words
    from simulator.cli.show.page import say
    from simulator.plan import SamplingPlan

    plan = SamplingPlan(draws=draws, seed=seed, threads=threads)
    findings = list(judge_claims(configs, plan, progress=lambda name: click.echo(f"simulating {name}", err=True)))
    if as_json:
        click.echo(json.dumps(findings_json(findings), indent=2, ensure_ascii=False))
        return
    for f in findings:
        say(f'{f.verdict.upper()}: "{f.claim.claim}" ({f.claim.source} [{f.claim.year}])', hanging="  ")
        output = "" if "/" in f.claim.output else f.claim.output.partition("[")[0]
        band = band_in_words(f.band, f.unit, output)
        say(f"    {f.claim.config}: {event(f.claim)}: {chance_in_words(f.probability)}; {band}", hanging="    ")
        if f.claim.note:
            say(f"    {f.claim.note}", hanging="    ")
