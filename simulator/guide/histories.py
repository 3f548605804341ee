"""A draw is a history: interruptions, phases, hourly grids, pauses.

Each draw plays its run out in time. Interruptions come one by one: each loses the work since the last save, waits for a node and
restarts, and may be interrupted again while it does. Where electricity is bought hour by hour, every hour that the run is up, down or
paused is paid and counted at its own price and carbon intensity, and an hour's weather depends on the seed, the draw and the calendar
only: another start date, a pause or a failure meets the same weather.

```yaml
workload:
  params: 405e9
  layers: 126                  # with these three: attention FLOP too
  hidden_size: 16384
  phases:                      # in place of tokens
    - {name: pre-training, tokens: 14.8T, sequence_length: 8192}
    - {name: long context, tokens: 0.8T, sequence_length: 131072,
       accelerators: 8192, mfu: 0.35 to 0.40}
hardware: {accelerator: H100 SXM, accelerators: 16384}
reliability:               # also _host, _network, _software, _spot, _planned
  failure_rate_accelerator: 1 to 6 per 1000 node-days
  downtime_accelerator: 5 to 30 min  # a class without its own: `downtime`
  checkpoint_time: 5 s         # blocks
  checkpoint_write_time: 2 min # is written while training goes on
  spare_nodes: 100             # left out, there are enough
  repair_time: 2 to 10 days
  early_failure_ratio: 1.5 to 3      # hazard of new machines over settled
  early_failure_time: 2 to 6 weeks
  straggler_slowdown: 1.001 to 1.03
  max_wall_clock: 1 year       # stopped there, flagged and counted
grid:
  zone: DE                     # a shipped zone, or a file of simulator fit
  start_time: 2027-01-11       # or a range of dates
pausing:                       # or price_quantile, carbon_ and price_threshold
  carbon_quantile: 0.8
  minimum_run_time: 4 h
  minimum_pause_time: 2 h
  deadline: 150 days
energy:
  exchange_rate: 1.05 to 1.20  # USD per EUR; else the ECB's last average
compute: {basis: own, accelerator_price: 22k to 45k USD}
```

    simulator explain configs/quickstart-de.yaml --draw 4711  # one whole history
    simulator fan configs/quickstart-de.yaml -o fan.png       # bands over the run

One downtime of each class holds for all interruptions of a draw, and nodes fail independently of each other. The fan shows the cost and
emissions of the run's own compute; what is paid for beside it has no hour. `reliability: {method: expected_value}` skips the histories and
uses expectations in closed form, several times faster.

## Grids

A `grid` may also name a `region` (`FR`, `US-CA`, `gcp:europe-west9`) whose annual carbon intensity and price stand in for what is not
stated: a country has an intensity, some eighty of them a price too; a US state has both, a cloud region an intensity only. Or it replays
real hours: `price_history: prices.csv`, `carbon_history: carbon.csv`, from any hour from which the run fits in, or from the `start_time`,
in the same season and on the same weekday; the result says which hours.

Hourly carbon intensity is average, life-cycle, and that of the place; it is not marginal. Pausing in dirty hours need not pay: idle
machines draw power, and a longer run holds its hardware longer. The result says so on paired draws.

| zones | hourly | years |
|---|---|---|
| `DE`, `DE-2020`, `FR` | price and carbon intensity | 2023, 2020, 2023 |
| `CAISO` | price (hours ending 10 to 24; nights are bridged) and carbon intensity | 2024, 2022-2024 |
| `ES`, `PL`, `NO2`, `SE3`, `NL`, `IT-North`, `FI` | price; annual carbon intensity by `region` | 2023-01 to 2024-08 |
| `ERCOT`, `PJM` | carbon intensity; contract price | 2022-2023, 2023 |

A zone knows one or two years: `price_year_shift` and `carbon_year_shift` carry what other years may bring.

## A zone of your own

    simulator fit prices.csv --carbon carbon.csv --clock Europe/Berlin -o zone.yaml

reads hourly CSV (Electricity Maps and ENTSO-E exports are recognized, others by options; each file may have its own clock and rows),
reports every repair, fits season, two factors, their correlation, the quantile function and scarcity spikes, and prints history against
simulation (moments, percentiles, autocorrelation at an hour, a day and a week, 30-day means) on the hours of the fit and on hours held
out, with a picture. A fit that fails its own check says so, in the file too; so do hours of the day and seasons that the data do not have,
and held-out hours that are not reproduced, and `run` repeats it.
"""
