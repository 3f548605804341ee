r"""Reading the risk: chances, drivers, comparisons, worst draws, updates.

## Budget, deadline and carbon

    simulator risk configs/quickstart.yaml \
      --budget 300k --deadline '2 weeks' --carbon 40t

```text
                                  budget        deadline      carbon cap
                            thousand USD            days          t CO2e
 ───────────────────────────────────────────────────────────────────────
 limit                               300              14              40
 exceeded with              31.2 % ± 0.1    10.3 % ± 0.1    25.6 % ± 0.1
 point estimate             239.9 ± 0.07   11.09 ± 0.003   32.66 ± 0.005
 P50                         249.2 ± 0.3   11.39 ± 0.007    33.51 ± 0.03
 P80                         342.5 ± 0.5    12.99 ± 0.01    42.06 ± 0.05
   over P50                   93.3 ± 0.5   1.597 ± 0.009     8.54 ± 0.05
   over point estimate       102.7 ± 0.5     1.90 ± 0.01     9.40 ± 0.05
   mean of the worst 20 %    432.6 ± 0.9    14.53 ± 0.01    49.60 ± 0.07
```

`risk` also takes the draws that `run -o` saved, or the bands of any number of draws (`run --summary -o`, see `simulator guide draws`), and
the `limits` of the scenario where none is stated; prints the budgets and dates that hold together with 70 % (`--joint`); and saves (`-o`)
exact intervals of percentiles, intervals of CVaR (the mean of the worst) and the exceedance curves. A deadline may be a date, which counts
from the scenario's `start_time` less its preparation, from `--now DATE`, or from today. The point estimate has every input at its median.

## What drives it

    simulator sensitivity configs/quickstart.yaml \
      --output wall_clock --method split

```text
quickstart: what drives wall_clock; 16 384 random draws, seed 0

Standard deviation 1.86 ± 0.01 days; of the variance

could be known before          0.9947 ± 0.0001  ▇▇▇▇▇▇▇▇▇▇▇▇
is luck                       0.00286 ± 0.00007
depends on both at once       0.00243 ± 0.00007

Luck: interruptions.
```

| `--method` | tells |
|---|---|
| `tornado` (default) | swing of P50 and P90 from an input's P10 to its P90, all others sampled; one bar for each event |
| `rank` | rank correlation and partial rank correlation; of saved draws too (`simulator sensitivity run.nc --method rank`) |
| `sobol` | first-order and total Sobol' indices; correlated inputs are refused by name, or stand together (`--grouped`) |
| `shapley` | Shapley effects, which share out what correlated inputs have in common |
| `split` | what could be known before the run (inputs, shifts of the year) against luck (failures, hourly weather and prices, events) |

Each number has its Monte Carlo error (`--json`, with intervals). Streams are drawn anew one at a time and everything else stays, to the
last bit, so that an input without effect has exactly none; what the draws cannot tell from zero is said in words. Draws that are NaN or
infinite, rows of different draws, and draws that are too few are refused. From Python: `tornado`, `rank_correlations`, `sobol_indices`,
`shapley_effects`, `variance_split`.

## Compare, and decide

    simulator compare configs/quickstart.yaml --lever fp8

```text
quickstart with fp8, less quickstart
                     P5     P50     P95    mean      ±                lower in
──────────────────────────────────────────────────────────────────────────────
cost             -162.4   -80.9   -39.2   -88.3    0.1  thousand USD     100 %
emissions        -18.64  -10.94   -6.02  -11.46   0.01  t CO2e           100 %
energy           -43.51  -28.04  -16.46  -28.78   0.03  MWh              100 %
water              -294  -113.1   -43.3  -134.0    0.3  m³               100 %
time of the run  -5.536  -3.769  -2.370  -3.838  0.003  days             100 %
```

A lever, or two configs and more of which the first is the base: both are played on the same random numbers, so that a draw differs only by
what the two state otherwise: here the mean saving takes 10.58 times fewer draws than with independent ones. The command also tells which
streams are shared, what differs, and what a tonne of avoided CO2e costs, or why that is no number; `--json` has the error and the exact
interval of every percentile of a difference. From Python, `compare({"a": scenario, "b": other}, plan)` returns one dataset with a
`scenario` dimension.

    simulator decide configs/quickstart.yaml \
      --option 'reserved: set=rental_price=3.6 USD/h' --measure 'rental_price=5k USD'

tells which option costs least, in the mean and in the worst 5 % of the draws, whether the difference to the next is noise, and what it is
worth at most to know an input before choosing: here the price of renting on demand, 31.1 thousand USD (± 0.1) against the 5 thousand that
asking for quotes costs.

## Search

One to three values or levers, under limits:

    simulator search configs/quickstart.yaml --set reliability.method=expected_value \
      --over 'accelerators=64..512 step 8' --minimize 'cost_total p80' \
      --subject-to 'programme_time p90 < 30 days'

Every candidate meets the same draws, so that their differences are known far better than their costs. The result is not one optimum but
all candidates that are as good: within noise at a joint confidence, or within half a per cent; as a range for each value, with the next
settings that are worse, how surely limits are kept, and the cost of the best on fresh draws, since the least of many estimates is too low.
The number of draws is bounded and told before it starts. Statistics are `mean`, `p80` or `cvar95` of any output.

## The worst draws

    simulator stress configs/quickstart.yaml --worst 5%
    simulator stress configs/quickstart.yaml --where 'mfu < 0.33'

tells which inputs shifted, what came of it, and three histories to replay with `explain`.

## A run that is under way

    simulator update configs/quickstart.yaml --actuals actuals.csv -o forecast.png

`actuals.csv` holds totals since the start by `hours` or `date`: any of `device_hours`, `tokens`, `progress`, `energy`, `spend`,
`emissions` and `interruptions`, with relative standard errors (`NAME_error`; exact where left out). Draws count by how likely their own
state at that time makes the last total of each column. Where a total is known more closely than there are draws for, they are matched with
a tolerance, which is told, and regression takes out what it adds to the bands: 90 % bands of 200 simulated runs, known at half time, hold
their costs nine times in ten, within chance, whichever columns are known (`tests/nightly/test_update.py`). Fewer than 100 draws' worth are
refused; so is what no draw agrees with.

```csv
hours,progress,progress_error,spend [USD],spend_error,interruptions
48,16%,2%,31k,1%,0
120,41%,2%,84k,1%,1
```

## Enough draws

`--until` draws until the confidence interval of a percentile or mean is as narrow as wanted; `--draws` are then the most. The interval
covers at least as often as stated (`--confidence`) although it decides when to stop: a pilot, which it leaves out, tells how many draws to
make, and each further look has a share of the error. Draws are those of a run of as many; where they do not suffice, that is said.

    simulator run configs/quickstart.yaml --until 'cost_total p95 ± 1%'
    # reached after 59 858 draws: cost_total p95 ± 1 %: it is 468648 USD ± 0.77 %

## Rare events

A limit that hardly any draw exceeds is judged by importance sampling: inputs are drawn where it is exceeded and weighted back, a tenth of
the draws stays plain, so that no weight exceeds ten, and the error is told. What it takes stands beside it, in standard deviations of each
input.

    simulator rare configs/quickstart.yaml --set reliability.method=expected_value \
      --exceeds 'cost_total > 1.5M USD'

A probability of 2.8e-6 within 2 % from 100 000 draws, of which none would be expected to exceed it plainly: a rental price 3.9 and a run
overhead 2.2 standard deviations above usual.
"""
