"""``simulator init``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.complete import complete_accelerators, complete_overrides, complete_regions

if TYPE_CHECKING:
    from simulator.errors import ConfigError


@dataclass(frozen=True)
class _Question:
    """What is asked for.

    Attributes
    ----------
    option, path : str
        Name of the option, and place in the config.
    text : str
    default : str or None
        Taken where nothing is answered; None where something has to be.
    note : str
        Behind the value, in the config.
    """

    option: str
    path: str
    text: str
    default: str | None = None
    note: str = "the plan"


_QUESTIONS = (
    _Question("params", "workload.params", "Parameters of the model (7e9, or 7B)"),
    _Question("tokens", "workload.tokens", "Tokens it is trained on (2T)"),
    _Question("accelerator", "hardware.accelerator", "Accelerator (H100 SXM)"),
    _Question("accelerators", "hardware.accelerators", "How many of them (256)"),
    _Question("basis", "compute.basis", "Are they rented or owned (rent, own)", "rent"),
    _Question("region", "grid.region", "Where: a country, state or cloud region (FR, US-CA, gcp:europe-west9); empty if not known", ""),
    _Question(
        "organisation", "priors.organisation", "Who trains: a laboratory that does so at scale, or another (laboratory, other)", "other"
    ),
)
_MISSING = "is not stated and has no default"
_MAY_BE_UNREAD = ("grid.region", "priors.organisation")  # what other values that are stated make needless


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator init\n"
    "  simulator init mine.yaml --params 7B --tokens 2T --accelerator 'H100 SXM' \\\n"
    "    --accelerators 256 --region FR --yes\n"
    "  simulator init own.yaml --params 70e9 --tokens 15T --accelerator 'H200 SXM' --accelerators 4096 --basis own --region DE "
    "--set 'mfu=0.35 to 0.42' --yes\n"
    "\n\b\nThen:\n"
    "  simulator validate mine.yaml              every default with its source\n"
    "  simulator run mine.yaml                   bands of cost, emissions and time\n"
    "  simulator report mine.yaml -o mine.html   a page to attach\n"
    "\n\b\nExit codes: 0 written; 2 bad input, or it is there already; 130 interrupted."
)
@click.argument("config", type=click.Path(path_type=Path), default=Path("run.yaml"))
@click.option("--params", metavar="NUMBER", help="Parameters of the model: 7e9, 7B.")
@click.option("--tokens", metavar="NUMBER", help="Tokens it is trained on: 2T.")
@click.option("--accelerator", metavar="NAME", shell_complete=complete_accelerators, help="As in simulator reference accelerators.")
@click.option("--accelerators", metavar="NUMBER", help="How many of them.")
@click.option("--basis", type=click.Choice(["rent", "own"]), help="Whether they are rented or owned  [default: rent]")
@click.option("--region", metavar="ID", shell_complete=complete_regions, help="A country, state or cloud region: FR, US-CA.")
@click.option("--organisation", type=click.Choice(["laboratory", "other"]), help="Who trains  [default: other]")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    shell_complete=complete_overrides,
    help="State another value; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def command(config: Path, overrides: tuple[str, ...], yes: bool, force: bool, **stated: str | None) -> None:
    """Write a commented CONFIG of your own run after a few questions, or from options alone; it is run.yaml where none is named.

    What is not answered takes its sourced default, which stands in the file as a comment beside its source, ready to be changed.
    In a pipe nothing is asked, and what is needed has to be an option.
    """
    from simulator.errors import InputError
    from simulator.scenario.draft import draft
    from simulator.text_file import check_place, write_text

    if config.suffix not in (".yaml", ".yml"):
        raise InputError(f"{config} is no name of a config, which ends in .yaml")
    if config.exists() and not force:
        raise InputError(f"{config} is there already. Name another, or replace it with --force")
    check_place(config)
    asking = not yes and is_terminal()
    answers = _answers(stated, asking=asking)
    data = _data(answers, config.stem)
    _override(data, overrides)
    _fill(data, asking=asking)
    text = draft(data, {q.path: q.note for q in _QUESTIONS if q.option in answers})
    write_text(config, text)
    click.echo(f"wrote {config}; next: simulator run {shlex.quote(str(config))}", err=True)


def is_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def _answers(stated: dict[str, str | None], *, asking: bool) -> dict[str, str]:
    """Return the answers to all questions, checked; those that are empty left out."""
    from simulator.errors import InputError, LawError

    answers: dict[str, str] = {}
    missing = []
    for question in _QUESTIONS:
        given = stated[question.option]
        if given is None and asking:
            given = _ask(question.text, _check(question), question.default)
        if given is None and question.default is None:
            missing.append(f"--{question.option}")
        elif given:
            try:
                answers[question.option] = _check(question)(given)
            except LawError as error:
                raise InputError(f"--{question.option} {given}: {error}") from None
    if missing:
        why = "--yes asks nothing" if is_terminal() else "this is no terminal, so that nothing can be asked"
        raise InputError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed: {why}. See simulator init --help")
    return answers


def _ask(text: str, check: Callable[[str], str], default: str | None) -> str:
    """Ask until the answer is admissible."""
    from simulator.errors import LawError

    while True:
        answer: str = click.prompt(text, default=default, show_default=bool(default), err=True)
        if not answer.strip():
            return ""
        try:
            check(answer.strip())
        except LawError as error:
            click.echo(f"  {error}", err=True)
            continue
        return answer.strip()


def _check(question: _Question) -> Callable[[str], str]:
    """Return what checks an answer and returns it as a config has it."""
    from simulator.errors import LawError
    from simulator.reference import accelerator
    from simulator.reference.regions import region
    from simulator.scenario.values import parse_value

    def check(answer: str) -> str:
        if question.option == "accelerator":
            accelerator(answer)
        elif question.option == "region":
            return region(answer).id
        elif question.option in ("basis", "organisation"):
            known = {"basis": ("rent", "own"), "organisation": ("laboratory", "other")}[question.option]
            if answer not in known:
                raise LawError(f"'{answer}' is neither {known[0]} nor {known[1]}")
        else:
            parse_value(_scalar(answer), question.option)
        return answer

    return check


def _scalar(text: str) -> Any:
    """Return a number where a text is one, as YAML would.

    Raises
    ------
    LawError
        Where it is not YAML.
    """
    from simulator.errors import ConfigError, LawError
    from simulator.scenario.text import parse_yaml

    try:
        return parse_yaml(text, where="").data
    except ConfigError as error:
        raise LawError(error.problems[0].what) from None


def _data(answers: dict[str, str], name: str) -> dict[str, Any]:
    """Return the scenario of some answers."""
    data: dict[str, Any] = {"name": name, "compute": {"basis": "rent"}}
    for question in _QUESTIONS:
        section, key = question.path.split(".")
        if question.option in answers:
            data.setdefault(section, {})[key] = _scalar(answers[question.option])
    return data


def _override(data: dict[str, Any], overrides: tuple[str, ...]) -> None:
    """State further values."""
    from simulator.errors import ConfigError
    from simulator.scenario.load import stated_with

    problems = stated_with(data, overrides)
    if problems:
        raise ConfigError(problems)


def _fill(data: dict[str, Any], *, asking: bool) -> None:
    """Ask for what has no default, as long as something has none; where nothing can be asked, tell the options."""
    from simulator.errors import ConfigError
    from simulator.quantities import QUANTITIES
    from simulator.scenario.load import parse_scenario
    from simulator.scenario.resolve import resolve
    from simulator.scenario.values import parse_value

    while True:
        try:
            resolve(parse_scenario(data))
        except ConfigError as error:
            needed = [problem for problem in error.problems if _MISSING in problem.what]
            unread = [problem.path for problem in error.problems if problem.path in _MAY_BE_UNREAD and "not read" in problem.what]
            for path in unread:
                section, key = path.split(".")
                click.echo(f"note: {path}: {data[section].pop(key)} decides nothing that this run needs, and is left out", err=True)
            if unread:
                continue
            if not needed or len(needed) < len(error.problems):
                raise
            if not asking:
                raise _with_options(error) from None
            for problem in needed:
                section, key = problem.path.split(".")
                click.echo(f"{problem.path}: {problem.what}. {problem.way_out}", err=True)
                quantity = QUANTITIES[key]
                unit = "" if quantity.unit == "1" else f" [{quantity.unit}]"

                def check(answer: str, key: str = key) -> str:
                    parse_value(_scalar(answer), key)
                    return answer

                answer = ""
                while not answer:
                    answer = _ask(f"{quantity.meaning}{unit}, LOW to HIGH or a number", check, "")
                data.setdefault(section, {})[key] = _scalar(answer)
            continue
        return


def _with_options(error: ConfigError) -> ConfigError:
    """Return the same problems, with the option that states each."""
    from simulator.errors import ConfigError

    return ConfigError(p.at(way_out=f"{p.way_out}; here with --set '{p.path.partition('.')[2]}=LOW to HIGH'") for p in error.problems)
