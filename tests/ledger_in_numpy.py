"""The bill and the footprint of single draws, written anew from the model's description: no function of the simulator's laws is called.

Integrals are worked out by quadrature, counts by adding up probabilities, the price path jump by jump.
"""

import math
from itertools import pairwise

import numpy as np
from scipy.special import ndtri
from scipy.stats import poisson

from simulator.stochastic.philox import philox4x32
from simulator.stochastic.streams import stream_key

YEAR, MONTH = 8766.0, 730.5  # h
LAST_YEAR = 11
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def integral(function, begin, end):
    """Return the integral of a smooth function."""
    half = 0.5 * (end - begin)
    return half * float(WEIGHTS @ function(begin + half * (NODES + 1.0)))


class PricePath:
    """The level of accelerators' prices divided by today's, of one draw."""

    def __init__(self, draw, seed, x):
        self.drift, self.size, self.rate = x("price_drift"), x("price_jump_size"), x("price_jump_rate")
        self.key = np.uint64(stream_key(seed=seed, purpose="price path", name="accelerator_price"))
        self.draw, self.times, self.scores = np.uint64(draw), [], []

    def reach(self, time):
        """Follow the path beyond a time [yr]."""
        while self.rate > 0 and (not self.times or self.times[-1] <= time):
            a, b = (int(word) for word in philox4x32(self.draw, np.uint64(len(self.times)), self.key))
            gap = -math.log(((a >> 11) + 0.5) / 2**53) / self.rate
            cell = b >> 12  # of 2**52 equal ones, centred
            score = float(ndtri((min(cell, 2**52 - 1 - cell) + 0.5) / 2**52))
            self.times.append((self.times[-1] if self.times else 0.0) + gap)
            self.scores.append(score if cell < 2**51 else -score)

    def at(self, time):
        """Return the level at a time [yr]."""
        self.reach(time)
        jumps = sum(z for when, z in zip(self.times, self.scores, strict=True) if when <= time)
        return math.exp(self.drift * time + self.size * jumps)

    def mean(self, begin, end):
        """Return the mean level over a time [yr], stretch by stretch."""
        self.reach(end)
        stretches = [begin, *(when for when in self.times if begin < when < end), end]
        total = 0.0
        for a, b in pairwise(stretches):
            total += self.at(0.5 * (a + b)) * integral(lambda t, a=a, b=b: np.exp(self.drift * (t - 0.5 * (a + b))), a, b)
        return total / (end - begin)


def mean_pue(x, wall):
    """Return PUE averaged over the run: a cosine of the year that is highest in late July."""

    def at(t):
        return x["pue"] + x("pue_seasonal_amplitude") * np.cos(2 * np.pi * (t - 202.5 * 24) / YEAR)

    start = x("start_time")
    return max(integral(at, start, start + wall) / wall, 1.0)


def matched(share, spread, hourly):
    """Return the covered share of a constant load: over the year, or hour by hour with a lognormal supply of mean ``share``."""
    if not hourly or share == 0.0:
        return min(share, 1.0)

    def density(z):
        return np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    enough = min(max((0.5 * spread**2 - math.log(share)) / spread, -12.0), 12.0)  # from this score on, supply covers all
    edges = [-12.0, enough - 6.0, enough - 2.0, enough, enough + 2.0, enough + 6.0, 12.0]
    edges = [-12.0, *sorted({e for e in edges if -12.0 < e < 12.0}), 12.0]
    total = 0.0
    for a, b in pairwise(edges):
        if a >= enough:
            total += integral(density, a, b)
        else:
            total += integral(lambda z: share * np.exp(spread * z - 0.5 * spread**2) * density(z), a, b)
    return total


def abandoned(luck, probability):
    """Return the failures before the first success."""
    count, below = 0, 1.0 - probability
    while luck >= below:
        count += 1
        below += (1.0 - probability) * probability**count
    return count


def spread_out(amount, begin, end):
    """Return an amount by the years that it is spent in, evenly from ``begin`` to ``end`` [h]."""
    begin, end = begin / YEAR, end / YEAR
    years = np.zeros(LAST_YEAR + 1)
    if end <= begin:
        years[min(int(begin), LAST_YEAR)] = amount
        return years
    for year in range(LAST_YEAR + 1):
        upper = year + 1 if year < LAST_YEAR else math.inf
        years[year] = amount * max(min(end, upper) - max(begin, year), 0.0) / (end - begin)
    return years


class Inputs(dict):
    """Inputs and the run's outcomes; what is off is nought, or what is told."""

    def __call__(self, name, off=0.0):
        return float(self.get(name, off))


def meet(events, hours):
    """Return how often each event happens in that many hours, what all cost and how long they delay."""
    counts, cost, delay = {}, 0.0, 0.0
    for name, event in events.items():
        if math.isnan(event.get("probability", math.nan)):
            chances = poisson.cdf(np.arange(200), event["frequency"] * hours / YEAR)
            counts[name] = int(np.searchsorted(chances, event["luck"], side="right"))
        else:
            counts[name] = int(event["luck"] < event["probability"])
        cost += counts[name] * event["cost"]
        delay += counts[name] * event["delay"]
    return counts, cost, delay


class Today:
    """Prices that do not move."""

    def at(self, _years):
        return 1.0

    def mean(self, _begin, _end):
        return 1.0


def rented(x, path, start):
    """Return the rent, and that of one reserved hour of all accelerators."""
    hours, wall = x["device_hours"], x["wall_clock"]
    market, reserved, spot = x["rental_price"] * x("provider_spread", 1.0), x("reserved_share"), x("spot_share")
    spot = min(spot, 1 - reserved)
    reserved_price = market * path.at(start / YEAR) * (1 - x("reserved_discount"))
    in_run = market * path.mean(start / YEAR, (start + wall) / YEAR)
    price = reserved * reserved_price + (1 - reserved - spot) * in_run + spot * in_run * (1 - x("spot_discount"))
    return {"accelerators": hours * price}, hours / wall * reserved * reserved_price


def owned(x, path, start, depreciation, pue):
    """Return what the run's compute costs its owner, and the infrastructure that idles for it."""
    n, wall, energy = x["device_hours"] / x["wall_clock"], x["wall_clock"], x["energy_it"] * pue
    fleet, life, share, backup = x["fleet_utilization"], x["service_life"], x["interconnect_share"], x("backup_share")
    servers = n * x["accelerator_price"] * path.at(start / YEAR) * x["server_price_ratio"]
    by_line = (1 - x("residual_value")) * wall / life
    lost = by_line if depreciation == "straight_line" else 1 - 10 ** (-x["depreciation_rate"] * wall / YEAR)
    rated = n * x["tdp"] * x["server_power_ratio"] / 1000  # kW
    bill = energy * x["electricity_price"] * x["price_year_shift"] * x("exchange_rate", 1.0)
    of_run = {
        "accelerators": servers * lost / fleet,
        "interconnect": servers * lost / fleet * share / (1 - share),
        "facility": rated * x("facility_price") / x("facility_life", 1.0) * wall / fleet,
        "maintenance": servers * x("maintenance_rate") * wall / YEAR / fleet,
        "decommissioning": servers * x("decommissioning_share") * wall / life / fleet,
        "electricity": bill * (1 - backup),
        "grid_fees": energy * (1 - backup) * x("grid_fee"),
        "demand_charge": rated * x["power_fraction"] * pue * x("demand_charge") * wall / MONTH,
        "backup_generation": energy * backup * x("backup_price"),
    }
    return of_run, {"idle_infrastructure": x("idle_infrastructure_ratio") * (bill + energy * x("grid_fee"))}


def emissions(x, pue):
    """Return the emissions of the run, and those of what idles for it."""
    energy, wall, fleet, backup = x["energy_it"] * pue, x["wall_clock"], x["fleet_utilization"], x("backup_share")
    grid = energy * x["carbon_intensity"] * x["carbon_year_shift"]
    worn = x["device_hours"] / x["service_life"] / fleet
    rated = x["device_hours"] / wall * x["tdp"] * x["server_power_ratio"] / 1000  # kW
    of_run = {
        "operational": grid * (1 - backup),
        "backup_generation": energy * backup * x("backup_intensity"),
        "embodied_accelerators": worn * x["embodied_accelerator"],
        "embodied_servers": worn * x["embodied_server"] / x["accelerators_per_node"],
        "embodied_network": worn * x("embodied_network"),
        "embodied_building": rated * x("embodied_building") * wall / x("facility_life", 1.0) / fleet,
    }
    return of_run, {"idle_infrastructure": x("idle_infrastructure_ratio") * grid}


def used(x, pue, runs, hourly):
    """Return energy, operational emissions by both accounts and water of everything: ``runs`` times the run, idling, cleaning."""
    diesel = x("backup_share") * x["energy_it"] * pue * runs
    cleaning = x("raw_data") * x("cleaning_energy") / pue
    it_bought = (runs * (1 - x("backup_share")) + x("idle_infrastructure_ratio")) * x["energy_it"] + cleaning
    location = it_bought * pue * x["carbon_intensity"] * x["carbon_year_shift"]
    uncovered = 1 - matched(x("matched_share"), x("supply_variability"), hourly)
    market = uncovered * (it_bought * pue * x["residual_intensity"] if "residual_intensity" in x else location)
    water = {"water_on_site": (it_bought + diesel / pue) * x("wue_on"), "water_off_site": it_bought * pue * x("wue_off")}
    burnt = diesel * x("backup_intensity")
    return {
        "energy_total": it_bought * pue + diesel, "emissions_location": location + burnt, "emissions_market": market + burnt,
        "water": sum(water.values()), **water,
    }  # fmt: skip


def apart(x, of_run):
    """Return what a run costs or emits, with the work that loss spikes repeat as a line of its own."""
    spikes = x("rollback_rate") / 1000 * x("rollback_time")
    once = (1 + x("run_overhead")) / (1 + x("run_overhead") + spikes)
    return {name: value * once for name, value in of_run.items()} | {"rollbacks": sum(of_run.values()) * (1 - once)}


def surroundings(x, release):
    """Return the costs of data and their storage, the checkpoints' too."""
    raw = x("raw_data")
    checkpoints = x("checkpoint_size") * x("checkpoints_kept") * (x["wall_clock"] / 2 + x("evaluation_time"))  # they grow evenly
    stored = x("stored_data") * release + checkpoints
    return {
        "data_acquisition": x("data_acquisition_cost"),
        "data_licences": x("data_licence_cost"),
        "data_scraping": raw * x("scraping_price"),
        "data_cleaning": raw * x("cleaning_price"),
        "annotation": x("annotation_items") * x("annotation_price") * x("annotation_passes"),
        "synthetic_data": x("synthetic_tokens") / 1e6 * x("synthetic_price"),
        "storage": stored / MONTH * x("storage_replicas", 1.0) * x("storage_price"),
        "data_transfer": x("retrieved_data") * x("retrieval_price") + x("egress_data") * x("egress_price"),
    }


def staff(people, release):
    """Return what each class of people is paid until the release."""
    return {
        name: c["headcount"] * c["fte_share"] * (c["salary"] * (1 + c["pay_overhead"]) + c["equity"]) * release / YEAR
        for name, c in people.items()
    }


def refreshes(x, path, release, paid_level, hardware, rest):
    """Return the time after the release, the compute in multiples of the run and the cost of each refresh: hardware at its price then."""
    found = []
    if x("improvement_horizon") > 0:
        for k in range(1, int(x("improvement_horizon") / x("refresh_interval")) + 1):
            t = k * x("refresh_interval")
            renewals = int(t / x("renewal_interval"))
            better = 10 ** (x("renewal_gain") * renewals * x("renewal_interval") / YEAR)
            work = x("refresh_ratio") * (1 + x("refresh_growth")) ** (t / YEAR) / better
            found.append((t, work, work * (hardware * path.at((release + t) / YEAR) / paid_level + rest)))
    return found


def calendar(x, cost, start, release, later, on_later):
    """Return spending by year: data and research while the run is prepared, storage and people all the time, the rest at the run.

    ``later`` are times and amounts of refreshes, taxes and carbon price with them, which come to ``on_later`` in ``cost``.
    """
    before, end = x("preparation_time"), release - x("evaluation_time")
    data = sum(cost[name] for name in cost if name.startswith(("data_", "annotation", "synthetic")) and name != "data_transfer")
    research, always = (
        sum(cost[name] for name in names) for names in (("research_compute", "teacher"), ("storage", "data_transfer", "people"))
    )
    at_run = sum(cost.values()) - data - research - always - cost["continuous_improvement"] - on_later
    spending = spread_out(data, 0.0, before) + spread_out(always, 0.0, release) + spread_out(at_run, start, end)
    spending += spread_out(research, 0.0, before) if before > 0 else spread_out(research, start, end)
    for t, paid in later:
        spending[min(int((release + t) / YEAR), LAST_YEAR)] += paid
    return {f"spending[{year}]": value for year, value in enumerate(spending)}


def buying(x, build, release):
    """Return what a rented model costs over the horizon from the release on, what serving the own one does, and what building saves."""
    years, discount, growth = x("buy_horizon") / YEAR, math.log1p(x("discount_rate")), math.log1p(x("demand_growth"))

    def present(monthly, drift):
        return integral(lambda t: 12 * monthly * np.exp((growth + drift - discount) * t), 0.0, years)

    tokens = x("demand_in") + x("demand_out")
    today = (x("demand_in") * x("api_price_in") + x("demand_out") * x("api_price_out")) / 1e6
    bought = math.exp(x("api_price_drift") * release / YEAR) * present(today, x("api_price_drift"))
    served = present(tokens / 1e6 * x("serving_price"), 0.0)
    saved = bought - served
    return {
        "api_cost": bought, "serving_cost": served, "building_saves": saved - build,
        "break_even_demand": max(build, 0.0) / saved * tokens if saved > 0 else math.inf,
    }  # fmt: skip


def settle(draw, x, people, events, *, basis, seed=0, depreciation="cottier2024", hourly=False):
    """Return every output of one draw that money, carbon and water come to.

    Parameters
    ----------
    draw : int
    x : dict
        Inputs, and the outcomes ``device_hours``, ``wall_clock`` and ``energy_it`` of the run.
    people, events : dict of dict
        Inputs of each class of people, and of each event.
    basis, depreciation : str
    hourly : bool
        Whether clean energy is matched hour by hour.
    """
    x, wall = Inputs(x), x["wall_clock"]
    before, after = x("preparation_time"), x("evaluation_time")
    attempts = abandoned(x("abandon_luck"), x("abandon_probability"))
    repeated = attempts * x("abandon_point")
    counts, damage, delay = meet(events, before + wall * (1 + repeated) + after)
    path, start, pue = PricePath(draw, seed, x), before + delay, mean_pue(x, wall)
    of_run, idle = rented(x, path, start) if basis == "rent" else owned(x, path, start, depreciation, pue)
    emitted_of_run, emitted_idle = emissions(x, pue)
    run_cost, run_emissions, energy = sum(of_run.values()), sum(emitted_of_run.values()), x["energy_it"] * pue
    cost, emitted = apart(x, of_run) | {"events": damage}, apart(x, emitted_of_run) | emitted_idle
    beside = {"abandoned_runs": repeated, "research_compute": x("research_ratio", 1.0) - 1, "teacher": x("teacher_ratio")}
    cost |= {name: multiple * run_cost for name, multiple in beside.items()}
    emitted |= {name: multiple * run_emissions for name, multiple in beside.items()}
    whole = 1 + sum(beside.values())
    cost |= {"idle_commitment": max(x("commitment_time") - wall * whole, 0.0) * idle} if basis == "rent" else idle
    release = start + wall * (1 + repeated) + after
    cost |= surroundings(x, release)
    cleaning = x("raw_data") * x("cleaning_energy")
    emitted["data_cleaning"] = cleaning * x["carbon_intensity"] * x["carbon_year_shift"]
    pay = staff(people, release)
    cost["people"] = sum(pay.values())
    for name in ("networking", "software", "support", "insurance"):
        cost[name] = x(f"{name}_cost") + x(f"{name}_share") * run_cost * whole
    paid_level = path.at(start / YEAR)
    if basis == "rent":  # what the run paid for an hour over what it would pay at today's prices
        paid_level = of_run["accelerators"] / rented(x, Today(), start)[0]["accelerators"]
    hardware = sum(of_run.get(name, 0.0) for name in ("accelerators", "interconnect", "maintenance", "decommissioning"))
    fresh = refreshes(x, path, release, paid_level, hardware, run_cost - hardware)
    cost["continuous_improvement"] = sum(paid / (1 + x("discount_rate")) ** (t / YEAR) for t, _, paid in fresh)
    again = sum(work for _, work, _ in fresh)
    emitted["continuous_improvement"] = again * run_emissions
    cost["taxes"] = x("tax_rate") * sum(value for name, value in cost.items() if name not in ("people", "events"))
    discounted = sum(work / (1 + x("discount_rate")) ** (t / YEAR) for t, work, _ in fresh)
    emitted_now, carbon_price = sum(emitted.values()) - emitted["continuous_improvement"], x("carbon_price") / 1000
    cost["carbon_price"] = carbon_price * (emitted_now + discounted * run_emissions)
    total = sum(cost.values())
    out = {
        "energy": energy, "cost_total": total, "emissions_total": sum(emitted.values()), "programme_time": release,
        "abandoned_runs": attempts, "device_hours_total": x["device_hours"] * whole,
    }  # fmt: skip
    later = [(t, paid * (1 + x("tax_rate")) + carbon_price * work * run_emissions) for t, work, paid in fresh]
    on_later = x("tax_rate") * cost["continuous_improvement"] + carbon_price * discounted * run_emissions
    out |= used(x, pue, whole + again, hourly) | calendar(x, cost, start, release, later, on_later)
    out |= buying(x, total, release) if x("buy_horizon") > 0 else {}
    named = (("cost", cost), ("emissions", emitted), ("pay", pay), ("event_occurrences", counts))
    return out | {f"{what}[{name}]": value for what, items in named for name, value in items.items()}
