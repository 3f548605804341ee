"""Would a law of the model that is wrong by one per cent pass?"""

import importlib
import math
import pkgutil

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from statistics_helpers import assert_within_mcse

import simulator.model
from simulator import SamplingPlan, parse_scenario, simulate
from simulator.model import (
    api,
    clean_supply,
    compute_cost,
    emissions,
    energy,
    ownership,
    programme,
    reliability,
    rental_market,
    water,
    workload,
)  # fmt: skip

RATES = [0.0, 1e-12, 1e-6, 0.01, 0.3, 1.0, 4.0]  # 1/h
INTERVALS = [0.05, 1.0, 3.0]  # h
SAVES = [0.0, 0.01, 0.5]  # h
DOWNTIMES = [0.0, 0.2, 2.5]  # h
GRID = [(r, t, d, down) for r in RATES for t in INTERVALS for d in SAVES for down in DOWNTIMES]
assert max(r * (t + d) for r, t, d, _ in GRID) > 10  # far beyond any expansion in Λx


PLAIN = {"params": 70e9, "tokens": 1e12, "mfu": 0.4, "run_overhead": 0.05}
METHODS = ("expected_value", "event_driven")
INTERRUPTED = {"failure_rate": 6, "downtime": "1 h", "checkpoint_time": "2 min", "checkpoint_interval": "daly2006"}
QUIET = {"failure_rate": 0, "downtime": "1 h", "checkpoint_time": "2 min", "checkpoint_interval": "1 h"}
PERFECT = QUIET | {"checkpoint_time": 0}
RENT = {"basis": "rent", "rental_price": 2.5, "service_life": 43_830, "fleet_utilization": 0.8}
OWN = {
    "basis": "own", "accelerator_price": 30_000, "server_price_ratio": 1.5, "interconnect_share": 0.19,
    "depreciation": "straight_line", "residual_value": 0.1, "service_life": 43_830, "fleet_utilization": 0.8,
}  # fmt: skip


def constants(*, method="expected_value", workload=PLAIN, hardware=(), reliability=INTERRUPTED, energy=(), emissions=(), compute=OWN):
    """Return a scenario without luck or ignorance."""
    prices = {"electricity_price": 0.08, "price_year_shift": 1} if compute["basis"] == "own" else {}
    devices = {
        "accelerators": 512, "accelerators_per_node": 8, "peak_flops": 1e15, "tdp": 700, "power_fraction": 0.8,
        "server_power_ratio": 1.5, "idle_power_fraction": 0.4,
    }  # fmt: skip
    if "device_hours" in workload:
        del devices["peak_flops"]
    grid = {"carbon_intensity": 0.4, "carbon_year_shift": 1, "embodied_accelerator": 300, "embodied_server": 4000}
    return parse_scenario(
        {
            "name": "constants",
            "workload": workload,
            "hardware": devices | dict(hardware),
            "reliability": {"method": method} | reliability,
            "energy": {"pue": 1.1} | prices | dict(energy),
            "emissions": grid | dict(emissions),
            "water": {"wue_on": 0.5, "wue_off": 3},
            "compute": compute,
        }
    )


# Time: closed forms


@pytest.mark.parametrize(("rate", "interval", "save", "downtime"), GRID)
def test_expected_time_of_one_segment(rate, interval, save, downtime):
    exposure = interval + save
    immune = interval * reliability.uptime_ratio(rate, interval, save) * (1 + reliability.downtime_ratio_immune(rate, downtime))
    interruptible = (
        interval * reliability.uptime_ratio(rate, interval, save) * (1 + reliability.downtime_ratio_interruptible(rate, downtime))
    )
    if rate == 0.0:
        assert immune == interruptible == pytest.approx(exposure, rel=1e-15)
    else:
        # Daly (2006), equation 13 with an immune and equation 20 with an interruptible restart
        assert immune == pytest.approx(math.expm1(rate * exposure) * (1 / rate + downtime), rel=2e-15)
        assert interruptible == pytest.approx(math.expm1(rate * exposure) * math.exp(rate * downtime) / rate, rel=2e-15)


def test_rare_interruptions_keep_every_digit():
    # (e^x - 1)/x = 1 + x/2 + x²/6 + ...; the plain difference e^x - 1 has lost ten digits at 1e-6 and all of them at 1e-17.
    for rate in (1e-17, 1e-12, 1e-9, 1e-6, 1e-3):
        series = 1 + rate / 2 + rate**2 / 6 + rate**3 / 24 + rate**4 / 120
        assert reliability.uptime_ratio(rate, 1.0, 0.0) == pytest.approx(series, rel=3e-16)
        assert reliability.downtime_ratio_interruptible(rate, 1.0) == pytest.approx(rate * series, rel=3e-16)
    x = np.concatenate([np.geomspace(1e-300, 0.5, 400), np.linspace(0.49, 0.51, 41), np.linspace(0.5, 700, 400)])
    ratio = np.array([reliability.uptime_ratio(v, 1.0, 0.0) for v in x])
    np.testing.assert_allclose(ratio, np.expm1(x) / x, rtol=1e-15)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("save", SAVES)
def test_without_interruptions_only_saving_costs_time(interval, save):
    assert 1 / reliability.uptime_ratio(0.0, interval, save) == pytest.approx(interval / (interval + save), rel=1e-15)
    assert reliability.downtime_ratio_interruptible(0.0, 5.0) == reliability.downtime_ratio_immune(0.0, 5.0) == 0.0


# Time: an independent implementation


def play_events(rng, *, histories, segments, rate, interval, save, downtime, immune):
    """Play runs out on the clock: a Poisson process of interruptions that knows nothing of the run.

    Returns the clock, the hours up and the interruptions of each history.
    """
    clock, up, count = np.zeros(histories), np.zeros(histories), np.zeros(histories)
    left, restarting = np.full(histories, segments), np.zeros(histories, dtype=bool)
    coming = rng.exponential(1 / rate, histories)  # time of the next interruption
    while (left > 0).any():
        live = left > 0
        end = clock + np.where(restarting, downtime, interval + save)
        if immune:  # what comes during a restart does nothing
            while (missed := live & restarting & (coming < end)).any():
                coming[missed] += rng.exponential(1 / rate, missed.sum())
        hit = live & (coming < end)
        stop = np.where(hit, coming, end)
        up += np.where(live & ~restarting, stop - clock, 0.0)
        left -= live & ~hit & ~restarting
        clock = np.where(live, stop, clock)
        count += hit
        coming[hit] += rng.exponential(1 / rate, hit.sum())
        restarting = np.where(live, hit, restarting)
    return clock, up, count


@pytest.mark.parametrize("immune", [True, False], ids=["immune", "interruptible"])
@pytest.mark.parametrize(("rate", "interval", "save", "downtime"), [(0.2, 1.0, 0.1, 0.5), (0.4, 0.8, 0.2, 1.5), (1.6, 0.7, 0.3, 0.4)])
def test_event_simulation_agrees(rate, interval, save, downtime, immune):
    histories, segments = 100_000, 12
    clock, up, count = play_events(
        np.random.default_rng(20241016),
        histories=histories, segments=segments, rate=rate, interval=interval, save=save, downtime=downtime, immune=immune,
    )  # fmt: skip
    work = segments * interval
    hours_up = work * reliability.uptime_ratio(rate, interval, save)
    law = reliability.downtime_ratio_immune if immune else reliability.downtime_ratio_interruptible
    wall_clock = hours_up * (1 + law(rate, downtime))

    def check(values, truth):
        mcse = values.std(ddof=1) / math.sqrt(histories)
        assert 4.5 * mcse < 0.01 * truth  # a law that is wrong by one per cent does not pass
        assert_within_mcse(values.mean(), truth, mcse)

    check(clock, wall_clock)
    check(up, hours_up)
    check(clock - up, wall_clock - hours_up)
    if immune:  # interruptions during a restart are not seen
        check(count, reliability.expected_interruptions(rate, hours_up))
    else:
        check(count, reliability.expected_interruptions(rate, wall_clock))


def test_kernel_composes_time_and_energy_as_the_event_simulation():
    # 64 servers at 60 per 1000 node-days: one interruption in 6.25 h; no closed form of the package is used here.
    segments, histories = 20, 40_000
    scenario = constants(
        workload={"flop": segments * 0.75 * 512 * 3600 * 1e15 * 0.4, "mfu": 0.4, "run_overhead": 0},
        reliability={"failure_rate": 60, "downtime": "1.2 h", "checkpoint_time": "0.15 h", "checkpoint_interval": "0.75 h"},
    )
    ds = simulate(scenario, SamplingPlan(draws=1))
    clock, up, count = play_events(
        np.random.default_rng(7),
        histories=histories, segments=segments, rate=60 * 64 / 24_000, interval=0.75, save=0.15, downtime=1.2, immune=False,
    )  # fmt: skip
    power = 512 * 0.7 * 0.8 * 1.5  # kW
    for name, values in (
        ("wall_clock", clock),
        ("interruptions", count),
        ("energy_it", power * (up + 0.4 * (clock - up))),
        ("device_hours", 512 * clock),
    ):
        assert_within_mcse(ds[name].item(), values.mean(), values.std(ddof=1) / math.sqrt(histories))
    mean = clock.mean()
    assert_within_mcse(ds.goodput.item(), segments * 0.75 / mean, segments * 0.75 / mean**2 * clock.std(ddof=1) / math.sqrt(histories))


# Time: rules for the checkpoint interval


def best_interval(rate, save):
    """Return the interval of least expected time: Λτ + ln(1 - Λτ) = -Λδ, where the derivative of (e^{Λ(τ+δ)} - 1)/τ vanishes."""
    return brentq(lambda y: y + math.log1p(-y) + rate * save, 1e-12, 1 - 1e-12, xtol=1e-17, rtol=1e-15) / rate


PAIRS = [(rate, share / rate) for rate in (1e-3, 0.1, 2.0) for share in (1e-6, 1e-4, 1e-2, 0.1, 0.3, 1.0, 1.5)]  # share: δ/M, below 2


@pytest.mark.parametrize(("rate", "save"), PAIRS)
def test_daly_is_within_a_thousandth_of_the_least_time(rate, save):
    found = minimize_scalar(
        lambda log_interval: reliability.uptime_ratio(rate, math.exp(log_interval), save),
        bounds=(math.log(1e-4 / rate), math.log(2 / rate)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert found.success
    assert reliability.uptime_ratio(rate, best_interval(rate, save), save) == pytest.approx(found.fun, rel=1e-10)
    assert math.exp(found.x) == pytest.approx(best_interval(rate, save), rel=1e-3)
    excess = reliability.uptime_ratio(rate, reliability.daly2006(rate, save), save) / found.fun - 1
    assert -1e-12 <= excess <= 1e-3


@pytest.mark.parametrize(("rate", "save"), [*PAIRS, *((rate, share / rate) for rate in (1e-3, 2.0) for share in (2.0, 5.0, 20.0))])
def test_the_optimal_interval_is_the_best(rate, save):
    # where the derivative vanishes its own rounding moves the root: about an epsilon divided by (Λτ)²
    exponent = rate * best_interval(rate, save)
    assert rate * reliability.optimal_interval(rate, save) == pytest.approx(exponent, rel=1e-14 + 2e-16 / exponent**2)


@pytest.mark.parametrize("hours", [1e-6, 3.0, 19.0, 21.0, 500.0])
def test_the_mean_hazard_of_new_machines_is_its_integral(hours):
    mean = quad(lambda t: 1 + 2 * math.exp(-t * hours / 20.0), 0, 1, epsrel=1e-12)[0]
    assert reliability.early_failure_factor(hours, 3.0, 20.0) == pytest.approx(mean, rel=1e-10)
    assert reliability.early_failure_factor(1e7, 3.0, 20.0) == pytest.approx(1 + 40e-7, rel=1e-14)


def test_the_optimal_interval_of_quick_saves_is_a_series():
    # Λδ below 1e-6: y = Λτ solves y²/2 + y³/3 + y⁴/4 = Λδ to better than y⁵, and is Daly's there
    for share in (1e-13, 1e-9, 1e-7, 9e-7):
        y = 0.2 * reliability.optimal_interval(0.2, share / 0.2)
        assert y**2 / 2 + y**3 / 3 + y**4 / 4 == pytest.approx(share, rel=1e-9)


def test_young_is_right_to_first_order_and_daly_to_third():
    # τ = √(2δM)·(1 - (2/3)h + h²/9 + (2/135)h³·2 + ...), h = √(δ/2M): Young keeps the first term, Daly three.
    for h in (0.03, 0.01, 0.003):
        rate, save = 0.2, 2 * h**2 / 0.2
        best = best_interval(rate, save)
        assert (reliability.young1974(rate, save) / best - 1) / h == pytest.approx(2 / 3, abs=h)
        assert (reliability.daly2006(rate, save) / best - 1) / h**3 == pytest.approx(-4 / 135, rel=2 * h, abs=1e-13 / h**3)


def test_rules_at_the_ends_of_their_range():
    for rule in (reliability.young1974, reliability.daly2006, reliability.optimal_interval):
        assert rule(0.0, 0.1) == math.inf
        assert rule(0.5, 0.0) == 0.0
    # Daly (2006), equation 37: from δ = 2M on the interval is M
    assert reliability.daly2006(0.5, 4.0) == reliability.daly2006(0.5, 100.0) == 2.0
    assert reliability.young1974(0.5, 4.0) == 4.0
    assert reliability.optimal_interval(0.5, 100.0) == pytest.approx(2.0, rel=1e-15)  # no save is worth its time before M
    # just below 2M its series has become poor, though not dear: 0.2 % of the time
    least = reliability.uptime_ratio(0.5, best_interval(0.5, 3.99), 3.99)
    assert reliability.uptime_ratio(0.5, reliability.daly2006(0.5, 3.99), 3.99) == pytest.approx(least, rel=0.002)
    assert reliability.admissible_interval(math.inf, 30.0) == 30.0
    assert reliability.admissible_interval(2.0, 30.0) == 2.0
    assert reliability.admissible_interval(0.0, 30.0) == 1e-6


@pytest.mark.parametrize("rule", ["young1974", "daly2006", "optimal_interval"])
def test_rules_scale_with_time(rule):
    law = getattr(reliability, rule)  # doubling every time doubles the interval: M and δ alone set it
    for rate, save in PAIRS:
        assert law(rate / 2, 2 * save) == pytest.approx(2 * law(rate, save), rel=1e-15)


# Work, energy, emissions, cost: closed forms


def test_closed_forms_of_work():
    assert workload.transformer_flop(405e9, 15.6e12) == pytest.approx(3.7908e25, rel=1e-15)
    # PaLM 540B (arXiv:2204.02311), section 4.1: 238.3 thousand tokens of 2048 a second on 6144 devices of 275 TFLOP/s are an MFU of
    # 46.2 %, 45.7 % without attention over the sequence; 118 layers of 48 heads of 256
    plain, attention = workload.transformer_flop(540.35e9, 238.3e3), workload.attention_flop(118.0, 48 * 256.0, 2048.0, 238.3e3)
    assert plain / (6144 * 275e12) == pytest.approx(0.457, abs=0.0005)
    assert (plain + attention) / (6144 * 275e12) == pytest.approx(0.462, abs=0.0005)
    assert attention == pytest.approx(3 * 4 * 2048 * 238.3e3 * (48 * 256) * 118, rel=1e-15)  # back twice forth; two products, two FLOP
    # Llama 3.1 405B: 3.79e25 FLOP at 400 TFLOP/s (arXiv:2407.21783) are 26.3 M hours
    assert workload.productive_device_hours(3.7908e25, 1e15, 0.4) == pytest.approx(26_325_000, rel=1e-15)
    assert reliability.interruption_rate(1.0, 1000.0) == pytest.approx(1 / 24, rel=1e-15)  # per 1000 node-days


def test_closed_forms_of_energy():
    assert energy.it_power(1000.0, 700.0, 0.5, 2.0) == 700.0  # kW
    assert energy.it_energy(700.0, 10.0, 0.0, 0.3) == 7000.0
    assert energy.it_energy(700.0, 10.0, 10.0, 0.3) == pytest.approx(7000.0 * 1.3, rel=1e-15)
    assert energy.it_energy(700.0, 8.0, 2.0, 1.0) == 7000.0  # idling at full power is no different from working
    assert energy.facility_energy(7000.0, 1.5) == 10_500.0


def test_closed_forms_of_emissions():
    assert emissions.operational(1000.0, 0.369) == 369.0
    # worn out in one run: everything that was made
    assert emissions.embodied(16 * 5000.0, 200.0 + 4000.0 / 8, 5000.0, 1.0) == 16 * 200 + 2 * 4000
    # idle half of its life: twice the share
    assert emissions.embodied(16 * 50.0, 200.0 + 4000.0 / 8, 5000.0, 0.5) == pytest.approx(2 * 112, rel=1e-15)
    # a building of 14 years, held by one job throughout
    assert emissions.embodied_facility(1000.0, 1400.0, 14 * 8766.0, 14 * 8766.0, 1.0) == 1.4e6


def test_closed_forms_of_depreciation():
    year = 8766.0
    assert compute_cost.depreciation_cottier2024(0.0, 0.14) == 0.0
    assert compute_cost.depreciation_cottier2024(year, 0.14) == pytest.approx(1 - 10**-0.14, rel=1e-15)
    assert compute_cost.depreciation_cottier2024(year * math.log10(2) / 0.14, 0.14) == pytest.approx(0.5, rel=1e-15)
    # what is left after two spells is the product of what each leaves
    kept = [1 - compute_cost.depreciation_cottier2024(t, 0.14) for t in (1000.0, 3000.0, 4000.0)]
    assert kept[0] * kept[1] == pytest.approx(kept[2], rel=1e-15)
    assert compute_cost.depreciation_straight_line(5000.0, 5000.0, 0.25) == 0.75
    assert compute_cost.depreciation_straight_line(500.0, 5000.0, 0.25) == pytest.approx(0.075, rel=1e-15)


def test_closed_forms_of_cost():
    assert compute_cost.rent(1000.0, 2.5) == 2500.0
    assert compute_cost.owned_hardware(8.0, 30_000.0, 1.5, 0.1, 0.5) == pytest.approx(72_000.0, rel=1e-15)
    network = compute_cost.interconnect(81.0, 0.19)
    assert network == pytest.approx(19.0, rel=1e-15)  # a share of the whole
    assert network / (81.0 + network) == pytest.approx(0.19, rel=1e-15)
    assert compute_cost.electricity(1000.0, -0.05) == -50.0  # negative prices are kept


# Theorems of the whole model: doubling is exact in binary, so that equality is bitwise


def outcomes(scenario):
    """Return every output of one draw by name, those with components as ``cost[electricity]``."""
    found = {}
    for name, v in simulate(scenario, SamplingPlan(draws=1)).isel(draw=0).data_vars.items():
        if v.attrs["role"] == "output":
            found |= {f"{name}[{c}]": v.sel({d: c}).item() for d in v.dims for c in v[d].values} or {name: v.item()}
    return found


# everything but goodput, which is a ratio, and what counts pauses and the run itself
SUMS = {
    "device_hours", "wall_clock", "interruptions", "energy_it", "energy", "cost_total", "emissions_total", "cost[accelerators]",
    "cost[interconnect]", "cost[electricity]", "emissions[operational]", "emissions[embodied_accelerators]",
    "emissions[embodied_servers]", "emissions_location", "emissions_market", "time_spent[productive]", "water", "water_on_site",
    "water_off_site", "programme_time", "device_hours_total", "energy_total",
}  # fmt: skip
EMBODIED = {"emissions[embodied_accelerators]", "emissions[embodied_servers]"}
USED = {"emissions[operational]", "emissions_location", "emissions_market"}
# before, after, the outputs that double, the totals that grow by less; everything else stays
SCALINGS = {
    "rental price": ({"compute": RENT}, {"compute": RENT | {"rental_price": 5.0}}, {"cost[accelerators]", "cost_total"}, set()),
    "accelerator price": (
        {"compute": OWN}, {"compute": OWN | {"accelerator_price": 60_000}}, {"cost[accelerators]", "cost[interconnect]"}, {"cost_total"},
    ),
    "electricity price": ({}, {"energy": {"electricity_price": 0.16}}, {"cost[electricity]"}, {"cost_total"}),
    "price year": ({}, {"energy": {"price_year_shift": 2}}, {"cost[electricity]"}, {"cost_total"}),
    "carbon intensity": ({}, {"emissions": {"carbon_intensity": 0.8}}, USED, {"emissions_total"}),
    "carbon year": ({}, {"emissions": {"carbon_year_shift": 2}}, USED, {"emissions_total"}),
    "embodied": (
        {}, {"emissions": {"embodied_accelerator": 600, "embodied_server": 8000}}, EMBODIED, {"emissions_total"},
    ),
    "pue": (
        {}, {"energy": {"pue": 2.2}}, {"energy", "energy_total", "cost[electricity]", "water_off_site"} | USED,
        {"cost_total", "emissions_total", "water"},
    ),
    "rated power": (
        {}, {"hardware": {"tdp": 1400}},
        {"energy_it", "energy", "energy_total", "cost[electricity]", "water", "water_on_site", "water_off_site"} | USED,
        {"cost_total", "emissions_total"},
    ),
    "service life halved": (
        {"compute": OWN}, {"compute": OWN | {"service_life": 43_830 / 2}},
        {"cost[accelerators]", "cost[interconnect]"} | EMBODIED, {"cost_total", "emissions_total"},
    ),
    "fleet utilization halved": (
        {"compute": OWN}, {"compute": OWN | {"fleet_utilization": 0.4}},
        {"cost[accelerators]", "cost[interconnect]"} | EMBODIED, {"cost_total", "emissions_total"},
    ),
    "tokens": (
        {"workload": PLAIN}, {"workload": PLAIN | {"tokens": 2e12}},
        SUMS, set(),
    ),
    "mfu halved": (
        {"workload": PLAIN}, {"workload": PLAIN | {"mfu": 0.2}},
        SUMS, set(),
    ),
    "half the devices, never interrupted": (
        {"reliability": QUIET}, {"reliability": QUIET, "hardware": {"accelerators": 256}}, {"wall_clock", "programme_time"}, set(),
    ),
    "tokens, nothing saved": (
        {"reliability": PERFECT}, {"reliability": PERFECT, "workload": PLAIN | {"tokens": 2e12}}, SUMS, set(),
    ),
    "half the devices, nothing saved": (
        {"reliability": PERFECT}, {"reliability": PERFECT, "hardware": {"accelerators": 256}},
        {"wall_clock", "programme_time", "time_spent[productive]"}, set(),
    ),
}  # fmt: skip
# of an expectation per hour of work; a history ends with a save, wherever in an interval that is
ON_AVERAGE = ("tokens", "mfu halved", "half the devices, never interrupted")


@pytest.mark.parametrize(("method", "name"), [(m, n) for m in METHODS for n in SCALINGS if m == "expected_value" or n not in ON_AVERAGE])
def test_doubling(method, name):
    *changes, doubled, open_totals = SCALINGS[name]
    one, two = (outcomes(constants(method=method, **change)) for change in changes)
    for output, value in one.items():
        if output in open_totals:
            assert value < two[output] < 2 * value, output
        else:
            assert two[output] == (2 * value if output in doubled else value), output


@pytest.mark.parametrize("method", METHODS)
def test_parts_sum_to_the_whole(method):
    found = outcomes(constants(method=method))
    wholes = {"cost": "cost_total", "emissions": "emissions_total"}
    if method == "event_driven":
        wholes |= {"time_spent": "wall_clock", "interruptions_by_class": "interruptions"}
        assert found["interruptions"] > 0
        assert found["interruptions_planned"] == 0.0
    for parts, whole in wholes.items():
        assert found[whole] == pytest.approx(sum(v for k, v in found.items() if k.startswith(f"{parts}[")), rel=1e-14)
        assert found[whole] > 0


def test_goodput_without_failures():
    assert outcomes(constants(reliability=QUIET))["goodput"] == pytest.approx(60 / 62, rel=1e-15)
    # played out, the last save comes where the work ends: 599 saves in 598.1 h of work
    work = 6 * 70e9 * 1e12 * 1.05 / (1e15 * 0.4 * 3600) / 512
    assert 598 < work < 599
    assert outcomes(constants(method="event_driven", reliability=QUIET))["goodput"] == pytest.approx(work / (work + 599 / 30), rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_lost_without_failures_and_saves(method):
    assert outcomes(constants(method=method, reliability=PERFECT))["goodput"] == 1.0
    perfect = outcomes(constants(method=method, reliability=PERFECT | {"checkpoint_interval": "daly2006"}))
    assert perfect["goodput"] == 1.0
    assert perfect["interruptions"] == 0.0
    assert perfect["device_hours"] == pytest.approx(6 * 70e9 * 1e12 * 1.05 / (1e15 * 0.4 * 3600), rel=1e-15)
    if method == "event_driven":
        assert perfect["completed"] == 1.0
        assert perfect["time_spent[productive]"] == perfect["wall_clock"]


@pytest.mark.parametrize("method", METHODS)
def test_attention_adds_to_the_work(method):
    # Llama 3.1 405B: 126 layers, 16 384 wide, 8192 tokens (arXiv:2407.21783, table 3): 8 % beside 6·N·T
    shape = {"layers": 126, "hidden_size": 16_384, "sequence_length": 8192}
    plain, whole = (
        outcomes(constants(method=method, reliability=PERFECT, workload=PLAIN | {"params": 405e9} | extra)) for extra in ({}, shape)
    )
    share = 12 * 126 * 16_384 * 8192 / (6 * 405e9)
    assert 0.083 < share < 0.084
    assert whole["device_hours"] / plain["device_hours"] == pytest.approx(1 + share, rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_two_ways_to_state_the_work_agree(method):
    by_size = outcomes(constants(method=method))
    assert by_size == outcomes(constants(method=method, workload={"flop": 6 * 70e9 * 1e12, "mfu": 0.4, "run_overhead": 0.05}))
    # device-hours that hold every loss already: nothing is added to them, and everything that follows from them is the same
    by_hours = outcomes(constants(method=method, workload={"device_hours": by_size["device_hours"]}))
    if method == "event_driven":
        # where work ends is not known from them, so that the last save is work: 2 min
        last = 1 / 30 / by_size["wall_clock"]
        assert by_hours["goodput"] - by_size["goodput"] == pytest.approx(last, rel=1e-9)
        assert by_hours["time_spent[productive]"] - by_size["time_spent[productive]"] == pytest.approx(1 / 30, rel=1e-9)
        assert by_size["time_spent[saving]"] - by_hours["time_spent[saving]"] == pytest.approx(1 / 30, rel=1e-9)
        for name in ("goodput", "time_spent[productive]", "time_spent[saving]"):
            del by_hours[name], by_size[name]
    assert by_hours == pytest.approx(by_size, rel=1e-12)


@pytest.mark.parametrize(("count", "rules"), [(1, INTERRUPTED), (1, PERFECT), (2, PERFECT), (8, PERFECT)])
def test_phases_of_one_kind_are_one_run(count, rules):
    phased = {name: value for name, value in PLAIN.items() if name != "tokens"}
    phased["phases"] = [{"name": f"part {i}", "tokens": 1e12 / count} for i in range(count)]
    whole, parts = (outcomes(constants(method="event_driven", reliability=rules, workload=work)) for work in (PLAIN, phased))
    assert parts == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_rent_includes_electricity_but_not_its_emissions(method):
    rented, owned = (outcomes(constants(method=method, compute=basis)) for basis in (RENT, OWN))
    assert rented["cost[electricity]"] == rented["cost[interconnect]"] == 0.0
    assert rented["cost_total"] == rented["device_hours"] * 2.5
    for name in ("energy", "emissions_total", "wall_clock"):
        assert rented[name] == owned[name]


# Compiled laws and their sources

LAWS = {
    workload.transformer_flop: [(175e9, 300e9)],
    workload.attention_flop: [(126.0, 16_384.0, 8192.0, 15.6e12)],
    workload.productive_device_hours: [(3.15e23, 989e12, 0.38)],
    reliability.interruption_rate: [(3.8, 2048.0), (0.0, 12.0)],
    reliability.young1974: [(0.32, 0.01), (0.0, 0.01)],
    reliability.daly2006: [(0.32, 0.01), (0.0, 0.01), (0.32, 9.0)],
    reliability.optimal_interval: [(0.32, 9.0), (0.32, 1e-7), (0.0, 0.01), (3.2, 1.0)],
    reliability.early_failure_factor: [(52.0, 3.0, 20.0), (5.0, 3.0, 20.0), (52.0, 1.0, 20.0)],
    reliability.admissible_interval: [(2.0, 30.0), (math.inf, 30.0), (0.0, 30.0), (2.0, 1.0)],
    reliability.uptime_ratio: [(0.32, 0.7, 0.01), (3.2, 0.7, 0.2), (0.0, 0.7, 0.2)],
    reliability.downtime_ratio_immune: [(0.32, 0.7)],
    reliability.downtime_ratio_interruptible: [(0.32, 0.7), (3.2, 0.7), (0.0, 0.7)],
    reliability.expected_interruptions: [(0.32, 1296.0)],
    energy.it_power: [(16384.0, 700.0, 0.75, 1.82)],
    energy.it_energy: [(15_651.0, 1200.0, 96.0, 0.4)],
    energy.facility_energy: [(1.88e7, 1.09)],
    energy.mean_pue: [(1.2, 0.03, 490_000.0, 1296.0), (1.01, -0.2, 490_000.0, 1296.0)],
    workload.repeated_work: [(13.0, 2.4)],
    rental_market.blended_price: [(3.2, 0.9, 1.1, 0.6, 0.1, 0.33, 0.4), (3.2, 0.9, 1.1, 0.8, 0.5, 0.33, 0.4)],
    rental_market.idle_commitment: [(600.0, 730.5, 256.0, 0.7, 2.1), (800.0, 730.5, 256.0, 0.7, 2.1)],
    rental_market.drifted: [(-0.2, 0.5, 1.5), (0.3, 0.5, 1.5), (0.0, 0.5, 1.5)],
    ownership.facility: [(15_651.0, 12_000.0, 1296.0, 122_724.0, 0.85)],
    ownership.maintenance: [(1.2e8, 0.05, 1296.0, 0.85)],
    ownership.decommissioning: [(1.2e8, 0.02, 1296.0, 43_830.0, 0.85)],
    programme.abandoned_attempts: [(0.95, 0.2), (0.1, 0.2)],
    programme.occurrences: [(0.7, 1.3), (0.999, 0.1)],
    programme.staff: [(30.0, 0.4, 190_000.0, 0.3, 130_000.0, 5000.0)],
    programme.stored: [(100.0, 0.1, 20.0, 1.5, 4000.0, 1300.0, 1500.0)],
    programme.renewed: [(30_000.0, 26_298.0, 0.14)],
    clean_supply.matched_annually: [(0.7,), (1.3,)],
    clean_supply.matched_hourly: [(0.8, 0.9), (1.4, 0.2)],
    clean_supply.market_based: [(4e5, 1e6, 0.6, 0.45), (4e5, 1e6, 0.6, -1.0)],
    water.on_site: [(1e6, 0.4)],
    water.off_site: [(1.1e6, 3.1)],
    api.months_worth: [(17_532.0, 0.5, -1.1, 0.08)],
    api.break_even: [(1e7, 3e-5), (1e7, -3e-5)],
    emissions.operational: [(2.05e7, 0.369)],
    emissions.embodied: [(1_082_990.0, 462.5, 52_596.0, 0.85)],
    emissions.embodied_facility: [(15_651.0, 1340.0, 1296.0, 122_724.0, 0.85)],
    compute_cost.rent: [(1.08e6, 2.3)],
    compute_cost.depreciation_cottier2024: [(1296.0, 0.14)],
    compute_cost.depreciation_straight_line: [(1296.0, 43_830.0, 0.1)],
    compute_cost.owned_hardware: [(16384.0, 33_750.0, 1.3, 0.047, 0.9)],
    compute_cost.interconnect: [(3.1e7, 0.19)],
    compute_cost.electricity: [(2.05e7, 0.0806)],
}


def test_every_law_stands_in_the_table():
    modules = [importlib.import_module(f"simulator.model.{m.name}") for m in pkgutil.iter_modules(simulator.model.__path__)]
    compiled = {v for m in modules for v in vars(m).values() if hasattr(v, "py_func") and v.__module__ == m.__name__}
    assert compiled == set(LAWS)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_compiled_law_equals_its_source(law):
    for arguments in LAWS[law]:
        assert law(*arguments) == pytest.approx(law.py_func(*arguments), rel=1e-15, abs=0.0)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_unknown_stays_unknown(law):
    for place in range(len(LAWS[law][0])):
        assert math.isnan(law(*(math.nan if i == place else value for i, value in enumerate(LAWS[law][0])))), place


def test_certain_ruin_is_infinite():
    assert reliability.uptime_ratio(1000.0, 1.0, 0.0) == reliability.downtime_ratio_interruptible(1000.0, 1.0) == math.inf
