"""How far to trust it: what the bands rest on, how they were tested, what they leave out.

Bands are worth what their coverage is worth. What a scenario does not state of utilization, overhead, failures, restarts, checkpoints and
power is a prior fitted to published runs that are like it: by generation of accelerator, architecture, size, number of accelerators and
kind of organisation, families of models apart from each other (`simulator/reference/priors`, a hierarchical regression with weak priors).
Where little was published of a kind, its band is wide. A section `priors` in a scenario says who trains (`organisation: laboratory`), what
(`architecture`), and what may be known (`before: 2022-03`, `without: bloom`).

    simulator priors --accelerator 'H100 SXM' --params 70e9 --accelerators 2048
    simulator priors mfu --accelerator 'H100 SXM' --params 70e9 --before 2024-01

print each prior with what it rests on, and of one quantity every figure, those left out, and why.

## Tested on published runs

`simulator backtest` forecasts published training runs from what could be known before each (size, tokens, accelerators, kind of
organisation, place, month) by these priors, and scores the forecasts against what was then reported: once with every family but the run's
own, once with what had been published before it (half a year before its publication where its start is not told). A file of your own is
scored with `--runs FILE`, and a family that it spells in its own way is left out all the same; `-o DIR` saves scores and a picture.

    simulator backtest

```text
leave one family out

               families  50 %   80 %   90 %  P95/P05   bias   CRPS  median's
 ───────────────────────────────────────────────────────────────────────────
 device_hours        14  43 %   85 %   90 %     2.65  -0.15  0.166     0.253
 wall_clock          12  25 %   71 %   92 %     2.67  -0.19  0.193     0.302
 mfu                  7  50 %  100 %  100 %     2.51  +0.00  0.129     0.197
 energy               3  33 %  100 %  100 %     3.26  -0.32  0.232     0.362
```

Columns: families that were scored, how often bands of 50, 80 and 90 % held the report (families count alike), the median width of a 90 %
band, mean log of forecast median over report, CRPS of logarithms and that of the forecast's own median without a band. Families are few,
and energy rests on three, all by devices of one developer or chips of another. What is missed is named: two slow runs, Llama 3.1 8B (its
hours are 14 % of the peak) and xTrimoPGLM-100B (18 %, published while it went on). Both lasted longer than forecast, as do most runs that
a report counts in calendar days (the bias of `wall_clock`). Beside it stand a fixed MFU, LLMCarbon's equations, mlsysim where it is
installed (extra `peers`), its own median, and a flat ±50 % around that, on the same runs. The notebook `how-far-to-trust` has the picture
and explains the three worst misses. Cost cannot be tested: published costs are hours times an assumed price. Phases of published runs are
not known well enough to be forecast apart, and what a report counts besides training cannot be known before it.

## What else was checked, and what is left out

- The Monte Carlo error of every statistic is printed (`--json`: standard errors, exact intervals of percentiles with their achieved
  level). A percentile that the draws cannot support is neither shown nor judged, and the number of draws that would is told; a mean whose
  tail is too heavy is not printed.
- `configs/llama3.1-405b.yaml` and `configs/bloom-176b.yaml` rest on sources from before the runs (one cost constant is a month late and
  says so), and their 90 % bands hold the published accelerator-hours and interruptions (`tests/test_configs.py`).
- Published figures are reproduced from constants (`tests/test_golden.py`): LLMCarbon's five runs within its own errors, Patterson 2021's
  energy × intensity, a DGX H100's 1.241 and 1.532 USD per device-hour, BLOOM's 24.7 t.
- Histories are checked against closed forms and an independent SimPy model (`tests/test_interruptions.py`), the weather against its own
  closed forms (`tests/test_hourly.py`), the zones against their own years and against weeks held out of the fit (figures in each file of
  `simulator/reference/zones`).
- Hundreds of hostile and mistaken inputs (`tests/hostile`) are each refused with exit code 2 and one message, quickly and with nothing left
  behind. Scenarios that are made by the schema itself are refused in words or stay within the domains of their quantities
  (`tests/any_scenario.py`), and parsers are fuzzed, guided by coverage (`tests/fuzz`). A total that is NaN, infinite or beyond 1e50 ends a
  request. Files of results are checked before they are used; pickles, links out of them and codecs that run code are refused.
- The random numbers were qualified as they are used: consecutive draws, steps and hours of one draw, names and seeds side by side, by a
  battery (birthday spacings, gaps, runs, collisions, bits, correlations between streams, normal scores) and by dieharder. The battery:
  215 tests on 2^36.3 bytes, lowest p-value 0.0034, where the lowest of so many is expected near 0.005. A test fails below 1e-7, as tests of
  generators that are broken on purpose do (`tests/test_generator.py`; what was found is kept in `tests/nightly/generator/results`).
- A cost band holds what the scenario switches on: without sections for people, data and research it is that of the final run's compute.
- Market-based emissions stand beside the sum, never in it.
- A default is a prior for an unknown operator. State what you know: the bands narrow.
"""
