"""How to write a scenario.

A scenario is YAML 1.2, one section per subject. `configs/quickstart.yaml` is the shortest real one, `simulator init` writes one of your
own, `simulator examples` copies those that are shipped.

```yaml
workload:
  params: 7e9
  tokens: 2T tokens               # magnitudes k, M, B, T; units are converted
  mfu: 0.30 to 0.45               # central 90 % interval
hardware:
  accelerator: H100 SXM           # fills in peak, rated power, server ratios
  accelerators: 256
  power_fraction: {family: pert, low: 0.5, mode: 0.7, high: 1.0}
reliability:
  failure_rate: 2 to 14 per 1000 node-days
  checkpoint_interval: daly2006   # or young1974, optimal, or hours
energy:
  pue: {p10: 1.08, p50: 1.12, p90: 1.30}   # 3 percentiles or more: a metalog
emissions:
  carbon_intensity: 300 to 450 gCO2e/kWh
compute:
  basis: rent                     # or own, with accelerator_price
  rental_price: {family: lognormal, median: 3.2, sigma: 0.3, truncate: [1.5, 9]}
correlations:
  - [mfu, power_fraction, 0.5]    # Spearman, through a Gaussian copula
```

The work is stated as `params` (and `params_active`) with `tokens`, as `flop`, or as `device_hours`. What a scenario leaves out takes a
default, which `simulator validate CONFIG` lists with its source.

## Values

| a value is | written |
|---|---|
| certain | `0.38`, `38%`, `15.6T tokens`, `0.7 kW`, `6.5 per 1000 node-days` |
| a central 90 % interval | `2.1 to 3.4 USD/h` |
| a named family | `{family: NAME, ...}` with natural parameters, or percentiles (`p5: .., p95: ..`) |
| discrete | `{family: choice, values: [..], probabilities: [..]}` |
| data | `{family: empirical, values: [..]}`, `{family: empirical, file: x.csv, column: rate}` |
| a mixture | `{family: mixture, components: [{weight: 0.7, value: 0.3 to 0.4}, {weight: 0.3, family: beta, a: 2, b: 5}]}` |
| any law of scipy.stats | `{family: skewnorm, a: 4, loc: 0.05, scale: 0.02}` |
| truncated | add `truncate: [LOW, HIGH]`: renormalized, never clipped |

Files that a config names (`file:`, a zone, a history) lie in its own folder or below, links followed, since a config may come from somebody
else; other folders are allowed by naming them in the environment variable `SIMULATOR_DATA_FOLDERS`, separated as in `PATH`. YAML is read up
to 100 kB, nested up to 50 deep, without tags; tables up to 100 MB.

The family of an interval follows from the domain of its quantity: lognormal where that is positive, logit-normal where it is bounded on
both sides, lognormal of the excess over a lower bound, rounded for counts, else normal. Named families are normal, lognormal,
logit_normal, uniform, triangular, pert, beta, gamma, weibull, student_t and metalog.

## Keys

    simulator reference config                 # every key: unit, domain, default, meaning
    simulator reference config reliability     # of one section
    simulator schema -o simulator.schema.json  # editors complete and check by it

A config that begins with the line `# yaml-language-server: $schema=simulator.schema.json` is completed and checked in editors that use the
YAML language server.

Everything wrong with a scenario is told at once, with line, value, admissible set and a way out. `--set` replaces a value for one run, the
name of a quantity is enough of a path, and `--set @FILE` takes the values of a fragment, such as `simulator import` writes.

    simulator run configs/quickstart.yaml --set 'mfu=0.35 to 0.42' --set 'rental_price=2 to 3 USD/h'
"""
