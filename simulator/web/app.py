"""The callbacks: from what the browser says to what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import Response, request

from simulator.errors import ConfigError, InputError, SimulatorError
from simulator.scenario import resolve
from simulator.web import figures, tables
from simulator.web.answer import Answers, Progress, difference
from simulator.web.downloads import DOWNLOADS, Download, file_name
from simulator.web.fields import Field, fields_of
from simulator.web.gate import BusyError, Gate, SupersededError
from simulator.web.guard import protect
from simulator.web.page import field_groups, page
from simulator.web.served import Served, place_of
from simulator.web.state import State as Asked
from simulator.web.state import parse_query

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}{%config%}{%scripts%}{%renderer%}</body>
</html>"""
_AT_A_TIME = 2  # simulations
WAITING = 12  # requests
MADE = 4  # files, that may wait to be made
_LONGEST = 10.0  # s, of an answer
_PICTURES = ("costs", "emitted", "exceedance", "fan", "tornado")
_WORDS = ("headline", "legend", "remarks", "downloads")


class Page:
    """The page of one config.

    Parameters
    ----------
    served : Served
    draws : int
        Where nobody says how many.
    """

    def __init__(self, served: Served, draws: int) -> None:
        self.served, self.answers = served, Answers(served, draws)
        self._gate = Gate(places=_AT_A_TIME, waiting=WAITING, seconds=_LONGEST)
        self._making = Gate(places=1, waiting=MADE, seconds=_LONGEST)  # pictures of a report are drawn one report at a time
        self._downloads = count()

    def open(self, search: str | None) -> list[Any]:
        """Return the page that an address asks for; of one that cannot be read, the config's with a message."""
        problem = ""
        try:
            state = parse_query(search or "", scenario=self.served.name)
        except InputError as error:
            state, problem = Asked(), f"{error}."
        try:
            fields = self._fields(state)
        except ConfigError:
            fields = self._fields(Asked())
        return page(self.served, state, fields, self.answers.draws, problem)

    def fields(self, _choice: str | None, asked: Mapping[str, Any]) -> list[Any]:
        """Return the fields anew, with what a choice makes the defaults."""
        try:
            state = parse_query(str(asked["query"]), scenario=self.served.name)
            return field_groups(state, self._fields(state))
        except InputError:
            raise PreventUpdate from None

    def _fields(self, state: Asked) -> tuple[Field, ...]:
        chosen = Asked(accelerator=state.accelerator, region=state.region, levers=state.levers)
        return fields_of(resolve(self.served.scenario(chosen)))

    def update(self, asked: Mapping[str, Any] | None, places: Sequence[Mapping[str, str]]) -> tuple[Any, ...]:
        """Return what the page shows of what is asked; where that is not admissible, messages beside the fields and nothing else."""
        if asked is None:
            raise PreventUpdate
        names = [place["name"] for place in places]
        began = perf_counter()
        try:
            state = parse_query(str(asked["query"]), scenario=self.served.name)
            with self._gate.turn(str(asked["tab"])[:64], int(asked["number"])) as still_wanted:
                shown = self._shown(state, still_wanted, began)
        except SupersededError:
            raise PreventUpdate from None
        except ConfigError as error:
            return self._told(error, names)
        except SimulatorError as error:
            return self._unchanged(f"{error}.", [""] * len(names))
        return (*shown, "", "false", [""] * len(names))

    def _shown(self, state: Asked, progress: Progress, began: float) -> tuple[Any, ...]:
        answer, base = self.answers.of(state, progress), state.base()
        try:
            pinned = None if base is None else self.answers.of(base, progress)
        except ConfigError:
            raise InputError("the pinned scenario is not possible. Unpin it") from None
        rows = tables.band_tables(answer) | {"difference": pinned and tables.difference_table(difference(answer, pinned))}
        drawn = (
            figures.bands_figure(answer, pinned, "cost"),
            figures.bands_figure(answer, pinned, "emissions"),
            figures.exceedance_figure(answer, pinned),
            figures.fan_figure(answer, pinned),
            figures.tornado_figure(answer),
        )
        links = [_link(kind, state) for kind in DOWNLOADS]
        told = tables.headline(answer), tables.legend(base), tables.remarks(answer, perf_counter() - began), links
        heights = ({"height": f"{figure['layout']['height']}px"} for figure in drawn)  # those of figures are dropped by who draws them
        return (*told, rows, base is None, *drawn, *heights)

    def _told(self, error: ConfigError, names: Sequence[str]) -> tuple[Any, ...]:
        """Return the problems of a configuration, each beside its field; those of no field above the results."""
        beside: dict[str, list[str]] = {name: [] for name in names}
        rest = []
        for problem in error.problems:
            text = f"{problem.what}. {problem.way_out}" if problem.way_out else f"{problem.what}."
            place = place_of(problem)
            if place in beside:
                beside[place].append(text)
            else:
                rest.append(f"{problem.path}: {text}" if problem.path else text)
        status = " ".join(["The last result stays: a field needs your attention.", *rest])
        return self._unchanged(status, [" ".join(beside[name]) for name in names])

    def _unchanged(self, status: str, messages: list[str]) -> tuple[Any, ...]:
        return (*[no_update] * (len(_WORDS) + 2 + 2 * len(_PICTURES)), status, "false", messages)

    def download(self, kind: Download) -> Any:
        """Return a file of the scenario that the address asks for."""
        try:
            state = parse_query(request.query_string.decode("ascii", "replace"), scenario=self.served.name)
            own = f"download {next(self._downloads)}"
            with self._gate.turn(own, 0) as still_wanted:
                answer = self.answers.of(state, still_wanted)
            with self._making.turn(own, 0) as still_wanted:
                content = kind.make(answer, still_wanted)
        except SimulatorError as error:
            return Response(f"{error}\n", 503 if isinstance(error, BusyError) else 400, mimetype="text/plain")
        name = file_name(answer, kind.ending)
        return Response(content, mimetype=kind.kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _link(kind: Download, state: Asked) -> Any:
    return html.A(f"Download: {kind.label}", href=f"/download/scenario{kind.ending}?{state.to_query()}", className="button")


def make_app(served: Served, draws: int, *, token: str | None = None) -> Dash:
    """Return the application of a config.

    Parameters
    ----------
    served : Served
    draws : int
        Where nobody says how many.
    token : str, optional
        See :func:`simulator.web.guard.protect`.
    """
    app = Dash(
        __name__, assets_folder=str(Path(__file__).parent / "assets"), title="Training cost and carbon: what if", index_string=_INDEX,
        suppress_callback_exceptions=True, enable_mcp=False, websocket_callbacks=False, update_title=None,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )  # fmt: skip
    shown = Page(served, draws)
    app.layout = html.Div([dcc.Store("address"), html.Div(id="page")])
    app.clientside_callback(ClientsideFunction("page", "address"), Output("address", "data"), Input("page", "id"))
    app.callback(Output("page", "children"), Input("address", "data"))(shown.open)
    _in_the_browser(app)
    app.callback(Output("fields", "children"), Input("choice", "data"), State("query", "data"), prevent_initial_call=True)(shown.fields)
    app.callback(
        *(Output(name, "children") for name in _WORDS),
        Output("tables", "data"),
        Output("compared", "hidden"),
        *(Output(name, part) for part in ("figure", "style") for name in _PICTURES),
        Output("status", "children"),
        Output("results", "aria-busy"),
        Output({"type": "message", "name": ALL}, "children"),
        Input("query", "data"),
        State({"type": "message", "name": ALL}, "id"),
    )(shown.update)
    for kind in DOWNLOADS:
        app.server.add_url_rule(f"/download/scenario{kind.ending}", kind.ending, lambda kind=kind: shown.download(kind))
    protect(app.server, token=token, script_hashes=app.csp_hashes())
    return app


def _in_the_browser(app: Dash) -> None:
    """Register what needs no server: fields into an address, sliders beside boxes, the pin."""

    def every(kind: str, property_name: str = "value") -> tuple[dict[str, Any], str]:
        return {"type": kind, "name": ALL}, property_name

    app.clientside_callback(
        ClientsideFunction("page", "collect"),
        Output("collected", "data"),
        *(Input(*every(kind)) for kind in ("low", "high", "limit")),
        Input(*every("switch", "aria-checked")),
        *(Input(f"{name}-chosen", "data") for name in ("accelerator", "region", "draws")),
        Input("pinned", "data"),
        *(State(*every(kind, "placeholder")) for kind in ("low", "high")),
        *(State(*every(kind, "id")) for kind in ("low", "limit", "switch")),
        State("initial", "data"),
    )
    switch = {"type": "switch", "name": MATCH}
    app.clientside_callback(
        ClientsideFunction("page", "turn"),
        Output(switch, "aria-checked"),
        Input(switch, "n_clicks"),
        State(switch, "aria-checked"),
        prevent_initial_call=True,
    )
    app.clientside_callback(ClientsideFunction("page", "renewed"), Output("renewed", "data"), Input("fields", "children"))
    app.clientside_callback(ClientsideFunction("page", "tables"), Output("filled", "data"), Input("tables", "data"))
    own = {kind: {"type": kind, "name": MATCH} for kind in ("low", "high", "slider")}
    app.clientside_callback(
        ClientsideFunction("page", "slide"),
        *(Output(own[kind], "value") for kind in own),
        *(Input(own[kind], "value") for kind in own),
        *(State(own[kind], "placeholder") for kind in ("low", "high")),
        State(own["slider"], "min"),
        State(own["slider"], "max"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "pin"),
        Output("pinned", "data"),
        Output("unpin", "disabled"),
        Input("pin", "n_clicks"),
        Input("unpin", "n_clicks"),
        State("query", "data"),
        prevent_initial_call=True,
    )
