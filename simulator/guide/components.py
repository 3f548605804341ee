"""The whole bill and the whole footprint: components, levers, a risk register.

A run is more than its accelerators. Each part below is a component of `cost` or `emissions`; it is on where one of its inputs is stated,
or where `components` says so, and then takes sourced defaults for the rest. Components always stand in the result, nought where they
are off.

```yaml
name: whole-bill
workload: {params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45}
hardware: {accelerator: H100 SXM, accelerators: 256}
grid: {region: US-VA, start_time: 2027-03-01}
energy: {operator: colocation, demand_charge: 5 to 20 USD/(kW month)}
emissions:
  matched_share: 0.5 to 0.9
  matching: hourly
  carbon_price: 70 EUR/tCO2e
compute:
  basis: own               # the price of the year: reference accelerators
  price_jump_rate: 1 to 3  # the market moves by jumps, both ways
programme:
  preparation_time: 6 months
  evaluation_time: 2 months
  research_ratio: 1.2 to 4
  discount_rate: 0.08
data: {data_licence_cost: 0.2M to 3M USD, annotation_items: 50k to 500k}
people:                    # a late run costs salaries
  - {name: researchers, headcount: 10 to 30, fte_share: 0.3 to 0.8,
     salary: 140k to 265k USD/yr}
  - {name: engineers, headcount: 12, fte_share: 1,
     salary: 120k to 225k USD/yr, equity: 0}
improvement: {improvement_horizon: 2 years, refresh_interval: 6 months}
events:                    # a risk register: probability, or frequency a year
  - {name: export control, probability: 0.05 to 0.15, delay: 3 to 12 months,
     multiplies: {accelerator_price: 1.1 to 1.6}}
  - {name: licence claim, frequency: 0.1 to 0.3, cost: 0.1M to 5M USD}
buying: {demand_in: 20B tokens/month, demand_out: 4B tokens/month}
limits: {budget: 8M USD, deadline: 1 year, carbon_cap: 200 t}
components:
  facility: true
  maintenance: true
  storage: true
  idle_infrastructure: true
```

| subject | parts |
|---|---|
| accelerators, rented | `rental_mix` (reserved, spot), `provider_spread`, `idle_commitment`, `price_path` |
| accelerators, owned | `facility`, `maintenance`, `decommissioning`, `price_path`; interconnect and depreciation always |
| energy | `grid_fees`, `demand_charge`, `seasonal_pue`, `backup_generation`, `idle_infrastructure` |
| research | `research_compute`, `abandoned_runs`, `rollbacks`, `teacher` |
| data | `data_acquisition`, `data_licences`, `data_scraping`, `data_cleaning`, `annotation`, `synthetic_data`, `storage`, `data_transfer` |
| overheads | `networking`, `software`, `support`, `insurance`, `taxes`, `carbon_price`, `people`, `events` |
| afterwards | `continuous_improvement` (present value; `spending` is the calendar, not discounted), `build_or_buy` |
| footprint | `embodied_network`, `embodied_building`, `matching` and `residual_mix` (market-based, beside the sum), `water` |

`energy_total`, `water`, `emissions_location` and `emissions_market` are of the whole programme: run, research, attempts, idle
infrastructure, data, refreshes; the last two count the same energy, once by the grid and once by contracts. What can have no effect is
refused: a part that is inside the rent, a lever without work to change, a default price of another country.

Delays by events move the release, and what is paid by time; the season and the grid's hours stay those from `start_time` on. Hourly
matching knows no profile of the supply: its share is that of a lognormal one.

## Levers

Levers are named changes, each with its evidence, compared with their base on the same draws: what they do not touch is the same to the
last bit.

    simulator run configs/quickstart.yaml --lever fp8 --lever region=CA-QC
    simulator run configs/quickstart.yaml --context  # who could afford it
    simulator reference accelerators "H100 SXM"      # every figure, its source
    simulator claims                                 # well-known claims, tried

`fp8`, `fp4`, `pruning`, `sparse_pretraining`, `distillation`, `transfer_learning`, `data_efficiency`, `open_data`, `hardware=NAME`,
`distributed_training`, `renewables`, `region=ID`, `zone=ID`, `start=DATE`, `pausing=SHARE`; `levers: [fp8, region=CA-QC]` in a scenario.
Levers that exclude each other are refused. A move to another region keeps the fees that are stated apart, and takes the residual mix that
the new place knows, or else its grid's average. The teacher of `distillation` counts with its forward passes and a share of its own
training.
"""
