"""What comes beside the run: events, attempts, research, data, people, overheads."""

from __future__ import annotations

from simulator.jit import stage, wide_vectors
from simulator.kernels.lanes import WIDTH, Integers
from simulator.kernels.ledger.book import (
    ABANDONED,
    ALL_DEVICE_HOURS,
    ATTEMPTS,
    BESIDE,
    CARBONED,
    DELAY,
    DEVICE_HOURS,
    ENERGY_IT,
    OUTPUTS,
    PROGRAMME,
    RUN_COST,
    RUN_EMISSIONS,
    WALL,
    Pages,
    costs,
    emissions,
    places,
)
from simulator.model.programme import abandoned_attempts, occurrences, staff, stored

_BEFORE, _AFTER, _CARBON_SHIFT = places("preparation_time", "evaluation_time", "carbon_year_shift")
_RESEARCH, _TEACHER, _LUCK, _ABANDON, _POINT = places(
    "research_ratio", "teacher_ratio", "abandon_luck", "abandon_probability", "abandon_point"
)
_ACQUIRED, _LICENCES, _RAW, _SCRAPING, _CLEANING, _CLEANING_ENERGY = places(
    "data_acquisition_cost", "data_licence_cost", "raw_data", "scraping_price", "cleaning_price", "cleaning_energy"
)
_ITEMS, _ITEM_PRICE, _PASSES, _SYNTHETIC, _TOKEN_PRICE = places(
    "annotation_items", "annotation_price", "annotation_passes", "synthetic_tokens", "synthetic_price"
)
_STORED, _REPLICAS, _STORAGE, _CHECKPOINT, _KEPT = places(
    "stored_data", "storage_replicas", "storage_price", "checkpoint_size", "checkpoints_kept"
)
_READ, _READ_PRICE, _MOVED, _MOVE_PRICE = places("retrieved_data", "retrieval_price", "egress_data", "egress_price")
_NETWORKING, _NETWORKING_SHARE = places("networking_cost", "networking_share")
_SOFTWARE, _SOFTWARE_SHARE = places("software_cost", "software_share")
_SUPPORT, _SUPPORT_SHARE, _INSURANCE, _INSURANCE_SHARE = places("support_cost", "support_share", "insurance_cost", "insurance_share")

(
    _C_ABANDONED, _C_RESEARCH, _C_TEACHER, _C_ACQUISITION, _C_LICENCES, _C_SCRAPING, _C_CLEANING, _C_ANNOTATION, _C_SYNTHETIC,
    _C_STORAGE, _C_TRANSFER, _C_PEOPLE, _C_NETWORKING, _C_SOFTWARE, _C_SUPPORT, _C_INSURANCE, _C_EVENTS,
) = costs(
    "abandoned_runs", "research_compute", "teacher", "data_acquisition", "data_licences", "data_scraping", "data_cleaning",
    "annotation", "synthetic_data", "storage", "data_transfer", "people", "networking", "software", "support", "insurance", "events",
)  # fmt: skip
_E_ABANDONED, _E_RESEARCH, _E_TEACHER, _E_CLEANING = emissions("abandoned_runs", "research_compute", "teacher", "data_cleaning")
_PAY = len(OUTPUTS) * WIDTH
_HOURS_PER_YEAR = 8766.0


@stage
def meet_events(people: int, events: Integers, pages: Pages) -> None:
    """Write how often each event happens, what all cost and how long they delay.

    Parameters
    ----------
    people : int
        Classes of people, whose pay comes before the events in the rows of ``pages.y``.
    events : ndarray of int64, shape (events, 5)
    pages : Pages
    """
    x, run, y, aside = pages.x, pages.run, pages.y, pages.aside
    for i in range(WIDTH):
        y[_C_EVENTS + i] = 0.0
        aside[DELAY * WIDTH + i] = 0.0
    for k in range(events.shape[0]):
        once, often, cost, delay, luck = (
            events[k, 0] * WIDTH, events[k, 1] * WIDTH, events[k, 2] * WIDTH, events[k, 3] * WIDTH, events[k, 4] * WIDTH
        )  # fmt: skip
        row = _PAY + (people + k) * WIDTH
        for i in range(WIDTH):
            if once >= 0:
                count = (1.0 if x[luck + i] < x[once + i] else 0.0) + 0.0 * (x[luck + i] + x[once + i])
            else:
                runs = 1.0 + aside[ATTEMPTS * WIDTH + i] * x[_POINT + i]
                years = (x[_BEFORE + i] + runs * run[WALL * WIDTH + i] + x[_AFTER + i]) / _HOURS_PER_YEAR
                count = occurrences(x[luck + i], x[often + i] * years)
            y[row + i] = count
            y[_C_EVENTS + i] += count * x[cost + i]
            aside[DELAY * WIDTH + i] += count * x[delay + i]


@stage
def attempt(attempting: bool, pages: Pages) -> None:
    """Write how many attempts at each run are abandoned."""
    x, aside = pages.x, pages.aside
    if attempting:
        for i in range(WIDTH):
            aside[ATTEMPTS * WIDTH + i] = abandoned_attempts(x[_LUCK + i], x[_ABANDON + i])
    else:
        for i in range(WIDTH):
            aside[ATTEMPTS * WIDTH + i] = 0.0


@stage
def surround(people: Integers, pages: Pages) -> None:
    """Write the costs and emissions of attempts, research, teaching, data, people and overheads, and how long it all takes."""
    wide_vectors()
    x, run, y, aside = pages.x, pages.run, pages.y, pages.aside
    for i in range(WIDTH):
        wall, attempts = run[WALL * WIDTH + i], aside[ATTEMPTS * WIDTH + i]
        repeated, research, teacher = attempts * x[_POINT + i], x[_RESEARCH + i] - 1.0, x[_TEACHER + i]
        time = x[_BEFORE + i] + aside[DELAY * WIDTH + i] + (1.0 + repeated) * wall + x[_AFTER + i]
        cost, emitted = aside[RUN_COST * WIDTH + i], aside[RUN_EMISSIONS * WIDTH + i]
        y[ABANDONED * WIDTH + i], y[PROGRAMME * WIDTH + i] = attempts, time
        aside[BESIDE * WIDTH + i] = repeated + research + teacher
        y[_C_ABANDONED + i], y[_E_ABANDONED + i] = repeated * cost, repeated * emitted
        y[_C_RESEARCH + i], y[_E_RESEARCH + i] = research * cost, research * emitted
        y[_C_TEACHER + i], y[_E_TEACHER + i] = teacher * cost, teacher * emitted
        y[ALL_DEVICE_HOURS * WIDTH + i] = run[DEVICE_HOURS * WIDTH + i] * (1.0 + repeated + research + teacher)
        y[_C_PEOPLE + i] = 0.0
    for i in range(WIDTH):
        wall, after, time = run[WALL * WIDTH + i], x[_AFTER + i], y[PROGRAMME * WIDTH + i]
        y[_C_ACQUISITION + i], y[_C_LICENCES + i] = x[_ACQUIRED + i], x[_LICENCES + i]
        y[_C_SCRAPING + i], y[_C_CLEANING + i] = x[_RAW + i] * x[_SCRAPING + i], x[_RAW + i] * x[_CLEANING + i]
        y[_C_ANNOTATION + i] = x[_ITEMS + i] * x[_ITEM_PRICE + i] * x[_PASSES + i]
        y[_C_SYNTHETIC + i] = x[_SYNTHETIC + i] * x[_TOKEN_PRICE + i] * 1e-6
        kept = stored(x[_STORED + i], x[_CHECKPOINT + i], x[_KEPT + i], x[_REPLICAS + i], time - wall - after, wall, after)
        y[_C_STORAGE + i] = kept * x[_STORAGE + i]
        y[_C_TRANSFER + i] = x[_READ + i] * x[_READ_PRICE + i] + x[_MOVED + i] * x[_MOVE_PRICE + i]
        intensity = run[CARBONED * WIDTH + i] / run[ENERGY_IT * WIDTH + i] * x[_CARBON_SHIFT + i]  # of the grid, over the run
        y[_E_CLEANING + i] = x[_RAW + i] * x[_CLEANING_ENERGY + i] * intensity if x[_RAW + i] > 0.0 else x[_RAW + i] * 0.0
    for i in range(WIDTH):
        compute = aside[RUN_COST * WIDTH + i] * (1.0 + aside[BESIDE * WIDTH + i])
        y[_C_NETWORKING + i] = x[_NETWORKING + i] + x[_NETWORKING_SHARE + i] * compute
        y[_C_SOFTWARE + i] = x[_SOFTWARE + i] + x[_SOFTWARE_SHARE + i] * compute
        y[_C_SUPPORT + i] = x[_SUPPORT + i] + x[_SUPPORT_SHARE + i] * compute
        y[_C_INSURANCE + i] = x[_INSURANCE + i] + x[_INSURANCE_SHARE + i] * compute
    for k in range(people.shape[0]):
        count, share, salary, overhead, equity = (
            people[k, 0] * WIDTH, people[k, 1] * WIDTH, people[k, 2] * WIDTH, people[k, 3] * WIDTH, people[k, 4] * WIDTH
        )  # fmt: skip
        for i in range(WIDTH):
            pay = staff(x[count + i], x[share + i], x[salary + i], x[overhead + i], x[equity + i], y[PROGRAMME * WIDTH + i])
            y[_PAY + k * WIDTH + i] = pay
            y[_C_PEOPLE + i] += pay
