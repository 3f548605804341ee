"""Pictures, reports and the page.

## Pictures

    simulator risk configs/quickstart.yaml --budget 300k -o risk.nc
    simulator plot risk.nc exceedance --width 5 -o exceedance.svg
    simulator gallery pictures    # a page with every kind, and how each is made

`simulator plot FILE KIND` draws what other verbs save: `bands`, `exceedance`, `joint` (cost, carbon and date) and `waterfall` (from P50 to
P80 by driver) of draws, `fan`, `tornado`, `ranks`, `shares` (of the variance), `difference`, `update`, `calibration` and `fit`, as PNG,
SVG or PDF of any width from 3.3 inches, with units and Monte Carlo errors, to be read in grey and with any colour vision. From Python,
`plots.waterfall(...)` and the others take Axes and return them.

## Reports

    simulator report configs/quickstart.yaml -o report.html

is one file to attach that asks for nothing else: the answer, bands, pictures, risks, every assumption with its source, how exact it all is,
a statement to cite (words, LaTeX, JSON for model cards and the AI Act), and the command that makes the same draws. It takes `run.nc` too,
and writes `.md`, and `.pdf` with the extra `report`.

## The page

`simulator serve configs/quickstart.yaml` (extra `web`) serves a page on this machine alone: every main input as a range with a slider,
accelerator and region, levers, limits; bands, exceedance curve, fan and drivers follow. Without a config it is that of the quickstart. *Pin
as base* keeps a scenario beside the current one, compared draw by draw. The address of the page holds its state, so that a link restores
it; scenario, draws and report can be taken away. `--host` for others asks them for a token, which is printed.
"""
