"""A report as PDF, printed from its own HTML, so that it says the same: tagged, with bookmarks, text that can be searched and copied.

WeasyPrint reads what the page says of paper: breaks, repeated heads of tables, numbered pages. matplotlib's PdfPages would set each
page by hand, and its text as pictures of text.
"""

from __future__ import annotations

from typing import Any

from simulator.errors import InputError


def to_pdf(html: str) -> bytes:
    """Return a page as PDF; equal pages are equal files.

    Raises
    ------
    InputError
        Where WeasyPrint, an optional dependency, is not there.
    """
    weasyprint = library()

    class Nothing(weasyprint.urls.URLFetcher):  # type: ignore[misc, name-defined]  # a class of a module that may not be there
        """Loads what stands in the page itself, and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                raise ValueError(f"{url} is outside the report")
            return super().fetch(url, headers)

    return bytes(weasyprint.HTML(string=html, url_fetcher=Nothing(), base_url=None).write_pdf(pdf_variant="pdf/ua-1"))


def library() -> Any:
    """Return WeasyPrint, or say how to have it.

    Raises
    ------
    InputError
    """
    try:
        import weasyprint  # noqa: PLC0415 - an optional dependency
    except (ImportError, OSError) as error:  # the latter: without Pango, which it draws text with
        told = "is not installed" if isinstance(error, ImportError) else f"cannot be loaded ({str(error).splitlines()[0]})"
        way_out = (
            "pip install 'training-risk-simulator[report]', and Pango of the system (apt-get install libpango-1.0-0 libpangoft2-1.0-0)"
        )
        raise InputError(f"a report as PDF needs WeasyPrint, which {told}. {way_out}; or write report.html and print it") from None
    return weasyprint
