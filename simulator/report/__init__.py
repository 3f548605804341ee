"""Reports to attach: what a forecast says, on what it rests, and how to make it again.

>>> from simulator import SamplingPlan, load_scenario, simulate
>>> from simulator.report import report
>>> page = report(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)))
>>> page.startswith(b"<!DOCTYPE html>")
True
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from simulator.errors import InputError
from simulator.report.pdf import library, to_pdf
from simulator.text_file import check_place, write_bytes

__all__ = ["ENDINGS", "check_report", "report", "save_report"]

ENDINGS = (".html", ".md", ".pdf")


def report(results: xr.Dataset, ending: str = ".html", *, fan: xr.Dataset | None = None, tornado: xr.Dataset | None = None) -> bytes:
    """Return the report of draws as the content of one file; equal draws are equal files.

    Parameters
    ----------
    results : xarray.Dataset
        Draws of one scenario, as :func:`simulator.simulate` returns them or :func:`simulator.open_results` reads them.
    ending : {".html", ".md", ".pdf"}
        Markdown refers to pictures in a folder ``report_files``, which :func:`save_report` writes.
    fan : xarray.Dataset, optional
        What :func:`simulator.analysis.fans.fan_with_draw` returns, for the picture over the time of the run.
    tornado : xarray.Dataset, optional
        What :func:`simulator.tornado` returns; without it rank correlations tell what drives the cost.

    Raises
    ------
    InputError
        For another ending; bands in place of draws, draws of several scenarios or with weights; PDF without WeasyPrint.
    """
    if ending == ".pdf":
        library()
    return _rendered(results, ending, "report_files", fan, tornado)[0]


def save_report(results: xr.Dataset, path: str | Path, *, fan: xr.Dataset | None = None, tornado: xr.Dataset | None = None) -> None:
    """Write the report of draws, by its ending as HTML, Markdown or PDF; an older one is replaced when the new one is complete.

    Pictures of ``NAME.md`` stand in the folder ``NAME_files`` beside it, and are there before it is.

    Parameters
    ----------
    results, fan, tornado
        See :func:`report`.
    path : str or Path

    Raises
    ------
    InputError
        See :func:`report` and :func:`check_report`.
    """
    target = check_report(path)
    folder = target.with_name(f"{target.stem}_files")
    content, pictures = _rendered(results, target.suffix.lower(), folder.name, fan, tornado)
    if pictures:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}, where the pictures go, cannot be made a folder ({error.strerror or error})") from None
    for name, picture in pictures.items():
        write_bytes(folder / name, picture)
    write_bytes(target, content)


def check_report(path: str | Path) -> Path:
    """Return where a report will be written, or say early why it cannot be.

    Raises
    ------
    InputError
        Unknown ending, a missing or unwritable folder, a name that a folder has, or PDF without WeasyPrint.
    """
    target = Path(path)
    _check_ending(target.suffix.lower(), str(target))
    check_place(target)
    if target.suffix.lower() == ".pdf":
        library()
    return target


def _check_ending(ending: str, name: str) -> None:
    if ending not in ENDINGS:
        raise InputError(f"{name} is no report. Its name ends in {', '.join(ENDINGS)}")


def _rendered(
    results: xr.Dataset, ending: str, folder: str, fan: xr.Dataset | None, tornado: xr.Dataset | None
) -> tuple[bytes, dict[str, bytes]]:
    """Return a report as bytes, and the pictures that stand beside it."""
    _check_ending(ending, ending)

    from simulator.report.content import content_of  # noqa: PLC0415 - what draws is loaded for draws that are there
    from simulator.report.html import to_html  # noqa: PLC0415 - loaded for the kind of page that is asked for
    from simulator.report.markdown import to_markdown  # noqa: PLC0415 - loaded for the kind of page that is asked for

    content = content_of(results, fan=fan, tornado=tornado)
    if ending == ".md":
        text, pictures = to_markdown(content, folder)
        return text.encode(), pictures
    page = to_html(content)
    return (to_pdf(page) if ending == ".pdf" else page.encode()), {}
