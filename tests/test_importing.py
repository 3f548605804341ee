"""Imports of what people already have: means against closed forms, files made to published layouts, what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter
from statistics_helpers import assert_within_mcse

from simulator import load_scenario
from simulator.analysis.update.actuals import read_actuals
from simulator.cli import _run
from simulator.errors import ConfigError, InputError
from simulator.importing.imported import Imported
from simulator.importing.kinds import KINDS, import_files
from simulator.importing.means import Mean, fitted, interval_of, interval_of_next, mean_of, written
from simulator.importing.options import Options, number
from simulator.importing.write import actuals_csv, priors_yaml
from simulator.plots.imported import imported_figure
from simulator.quantities import QUANTITIES
from simulator.scenario import parse_value
from simulator.scenario.text import parse_yaml

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs/quickstart.yaml")
START = datetime(2026, 5, 7, 22, 8, 19)


def write(folder: Path, lines: Iterable[str], name: str = "log.csv", *, mark: str = "") -> Path:
    path = folder / name
    path.write_text(mark + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def import_one(kind: str, path: Path, **options: object) -> Imported:
    return import_files(kind, [path], Options(**options))


def prior(found: Imported, quantity: str):
    [own] = [item for item in found.priors if item.quantity == quantity]
    return parse_value(own.value.replace("EUR", "USD") if isinstance(own.value, str) else own.value, quantity)


def ends(found: Imported, quantity: str) -> tuple[float, float]:
    law = prior(found, quantity).law
    z = stats.norm.ppf(0.95)
    low, high = law.quantile(np.array([-z, z]))
    return float(low), float(high)


def told(found: Imported) -> str:
    return "\n".join([*found.notes, *found.left_out.values(), *(line for item in found.priors for line in item.told)])


# --- means and their errors


def autoregressive(rng: np.random.Generator, rho: float, n: int) -> np.ndarray:
    """Return n values of an AR(1) of unit variance."""
    noise = rng.normal(size=n) * math.sqrt(1 - rho**2)
    noise[0] = rng.normal()
    return lfilter([1.0], [1.0, -rho], noise)


def test_independent_values_count_each() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 20_000)
    mean = mean_of(values)
    assert mean.error == pytest.approx(2.0 / math.sqrt(20_000), rel=0.05)
    assert 0.9 * 20_000 < mean.effective <= 20_000


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.98])
def test_the_error_of_an_autoregressive_mean_is_its_closed_form(rho: float) -> None:
    """The variance of the mean of an AR(1) of unit variance is (1 + rho) / (1 - rho) / n, but for the ends."""
    n, rng = 40_000, np.random.default_rng(1)
    values = autoregressive(rng, rho, n)
    assert mean_of(values).error == pytest.approx(math.sqrt((1 + rho) / (1 - rho) / n), rel=0.15)


def test_intervals_hold_the_mean_as_often_as_they_say_where_values_depend_on_each_other() -> None:
    rng, rho, runs, n = np.random.default_rng(2), 0.9, 400, 2000
    held = []
    for _ in range(runs):
        x = autoregressive(rng, rho, n)
        low, high = interval_of(mean_of(0.4 + 0.02 * x), QUANTITIES["mfu"].domain)
        held.append(low <= 0.4 <= high)
    assert_within_mcse(np.mean(held), 0.9, math.sqrt(0.09 / runs) + 0.004)  # 0.4 %: the error is estimated, too


def test_short_series_hold_it_nearly_as_often_and_say_so() -> None:
    rng, rho, runs, n = np.random.default_rng(12), 0.9, 400, 200
    held, few = [], []
    for _ in range(runs):
        x = autoregressive(rng, rho, n)
        mean = mean_of(0.4 + 0.02 * x)
        low, high = interval_of(mean, QUANTITIES["mfu"].domain)
        held.append(low <= 0.4 <= high)
        few.append("the error itself is rough" in mean.told)
    assert np.mean(held) > 0.80
    assert 0.2 < np.mean(few) < 0.9  # they are worth eleven values


def test_one_more_run_falls_into_the_interval_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    domain = QUANTITIES["downtime"].domain
    held = []
    for _ in range(4000):
        runs = np.exp(rng.normal(0.5, 0.4, 5))
        low, high = interval_of_next([Mean(x, 0.0, 10.0, 10) for x in runs[:4]], domain)
        held.append(low <= runs[4] <= high)
    assert_within_mcse(np.mean(held), 0.9, math.sqrt(0.09 / 4000))


def test_a_constant_is_certain_and_one_value_is_not() -> None:
    assert mean_of(np.full(10, 0.4)).error == 0.0
    assert mean_of(np.array([0.4])).error == math.inf
    assert written(0.4, 0.4) == 0.4
    assert fitted([mean_of(np.full(10, 0.4))], "mfu", "run").low == pytest.approx(0.4)


def test_what_is_written_is_read_back() -> None:
    for low, high, unit, quantity in (
        (0.30001, 0.30004, "", "mfu"),
        (0.0123, 41.0, "h", "downtime"),
        (300.0, 450.0, "gCO2e/kWh", "carbon_intensity"),
    ):
        law = parse_value(written(low, high, unit), quantity).law
        factor = 1e-3 if unit.startswith("g") else 1.0
        assert float(law.cdf(high * factor)) == pytest.approx(0.95, abs=2e-3)
        assert float(law.cdf(low * factor)) == pytest.approx(0.05, abs=2e-3)


# --- nvidia-smi


def smi(draws: Sequence[Sequence[float]], busy: Sequence[Sequence[object]], *, step: float = 10.0, units: bool = True) -> list[str]:
    """Return ``nvidia-smi --query-gpu=... --format=csv -l`` for draws[poll][device]."""
    lines = ["timestamp, index, name, power.draw [W], utilization.gpu [%], power.default_limit [W]"]
    for poll, (watts, shares) in enumerate(zip(draws, busy, strict=True)):
        for device, (w, u) in enumerate(zip(watts, shares, strict=True)):
            stamp = (START + timedelta(seconds=step * poll, milliseconds=device)).strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
            power = "[N/A]" if math.isnan(w) else f"{w:.2f}{' W' if units else ''}"
            lines.append(f"{stamp}, {device}, NVIDIA H100 80GB HBM3, {power}, {u}{' %' if units else ''}, 700.00{' W' if units else ''}")
    return lines


def steady(polls: int, devices: int, watts: float = 560.0) -> list[list[float]]:
    noise = np.random.default_rng(5).normal(0.0, 10.0, (polls, devices))
    return (watts + noise).tolist()


@pytest.mark.parametrize("units", [True, False])
def test_power_over_the_rated_one(tmp_path: Path, units: bool) -> None:
    draws, busy = steady(400, 4), [[95] * 4] * 400
    found = import_one("nvidia-smi", write(tmp_path, smi(draws, busy, units=units)))
    low, high = ends(found, "power_fraction")
    mean = np.mean(draws) / 700.0
    assert low < mean < high
    sensors = stats.norm.ppf(0.95) * 0.05 * mean
    assert (high - low) / 2 == pytest.approx(sensors, rel=0.03)  # samples are many: what is left is the error of their sensors
    assert "Published runs of one family differ by 9%" in told(found)
    assert "power.default_limit" not in told(found)


def test_idle_samples_blanks_and_repeated_headers_are_left_out_and_told(tmp_path: Path) -> None:
    draws, busy = steady(300, 2), [[95, 97]] * 300
    draws[100:130] = [[90.0, 91.0]] * 30
    busy[100:130] = [[0, 0]] * 30
    draws[7][1] = math.nan
    lines = smi(draws, busy)
    lines.insert(200, lines[0])
    found = import_one("nvidia-smi", write(tmp_path, lines))
    low, high = ends(found, "power_fraction")
    assert (low + high) / 2 == pytest.approx(0.8, rel=0.01)  # idle draws of 90 W would lower it
    assert "60 of 599 samples with utilization below 10% count as idle" in told(found)
    assert "1 of 600 samples have no power" in told(found)
    assert "1 rows repeat the header" in told(found)
    everything = import_one("nvidia-smi", tmp_path / "log.csv", busy=0.0)
    assert ends(everything, "power_fraction")[0] < low


def test_energy_is_power_times_time_and_stops_where_the_log_does(tmp_path: Path) -> None:
    lines = smi([[500.0, 700.0]] * 361, [[95, 95]] * 361)
    late = [line.replace("2026/05/07", "2026/05/08") for line in lines[1:]]
    found = import_one("nvidia-smi", write(tmp_path, [*lines, *late]), pue=1.2, server_power_ratio=1.5, accelerators=16.0)
    totals = found.totals
    # two stretches of an hour, two devices, scaled to sixteen: 1.2 kWh an hour
    assert totals.columns["device_hours"][-1] == pytest.approx(2 * 2 * 8, rel=1e-4)
    assert totals.columns["energy"][-1] == pytest.approx(1.2 * 2 * 8 * 1.2 * 1.5, rel=1e-4)
    assert totals.hours[-1] == pytest.approx(25.0, rel=1e-4)
    assert "2 gaps of the log" in told(found)
    without = import_one("nvidia-smi", tmp_path / "log.csv")
    assert "energy" not in without.totals.columns
    assert "--server-power-ratio" in without.left_out["energy"]


def test_the_local_clock_of_autumn(tmp_path: Path) -> None:
    stamps = [datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 2, 50), datetime(2026, 10, 25, 2, 10), datetime(2026, 10, 25, 2, 30)]
    rows = [f"{t:%Y/%m/%d %H:%M:%S}.000, 0, 500.00 W, 95 %" for t in stamps]
    path = write(tmp_path, ["timestamp, index, power.draw [W], utilization.gpu [%]", *rows])
    with pytest.raises(InputError, match="the clock jumps back"):
        import_one("nvidia-smi", path, accelerator="H100 SXM")
    totals = import_one("nvidia-smi", path, accelerator="H100 SXM", timezone="Europe/Berlin").totals
    assert totals.columns["device_hours"][-1] == pytest.approx(1.0)


DMON = ["#Date       Time        gpu    pwr  gtemp  mtemp     sm    mem", "#YYYYMMDD   HH:MM:SS    Idx      W      C      C      %      %"]


def dmon(polls: int, *, dated: bool = True) -> list[str]:
    lines = []
    for poll in range(polls):
        if poll % 25 == 0:
            lines += DMON if dated else ["# gpu    pwr  gtemp  mtemp     sm    mem", "# Idx      W      C      C      %      %"]
        for device in range(2):
            when = f" {START + timedelta(seconds=poll):%Y%m%d   %H:%M:%S}" if dated else ""
            lines.append(f"{when}      {device}    {520 + poll % 7 + device}     60      -     95     40")
    return lines


def test_dmon_of_nvidia_smi(tmp_path: Path) -> None:
    found = import_one("nvidia-smi", write(tmp_path, dmon(300), "dmon.txt"), accelerator="H100 SXM")
    low, high = ends(found, "power_fraction")
    assert low < 523.5 / 700 < high
    assert found.totals.columns["device_hours"][-1] == pytest.approx(2 * 299 / 3600)
    undated = import_one("nvidia-smi", write(tmp_path, dmon(300, dated=False), "plain.txt"), accelerator="H100 SXM")
    assert ends(undated, "power_fraction") == (low, high)
    assert "--interval 1s" in undated.left_out["device_hours, energy"]
    stated = import_one("nvidia-smi", tmp_path / "plain.txt", accelerator="H100 SXM", interval=1 / 3600)
    assert stated.totals.columns["device_hours"][-1] == pytest.approx(2 * 299 / 3600)


def test_logs_of_several_machines_and_of_one_after_the_other(tmp_path: Path) -> None:
    one = write(tmp_path, smi([[500.0]] * 361, [[95]] * 361), "a.csv")
    beside = write(tmp_path, smi([[520.0]] * 361, [[95]] * 361), "b.csv")
    later = write(tmp_path, [line.replace("2026/05/07", "2026/05/08") for line in smi([[520.0]] * 361, [[95]] * 361)], "c.csv")
    together = import_files("nvidia-smi", [one, beside], Options())
    assert "2 accelerators" in told(together)
    assert together.totals.hours[-1] == pytest.approx(1.0)
    apart = import_files("nvidia-smi", [one, later], Options())
    assert "one accelerator" in told(apart)
    assert apart.totals.hours[-1] == pytest.approx(25.0)


# --- DCGM


def test_what_dcgmi_prints(tmp_path: Path) -> None:
    lines = []
    for poll in range(200):
        if poll % 25 == 0:
            lines += ["#Entity   POWER        GPUTL        ", "ID        W                         "]
        lines += [f"GPU {g}     {520 + g + poll % 5:.3f}      {'N/A' if poll == 0 else 96}" for g in range(4)]
        lines.append("GPU-I 0   N/A          N/A")
    found = import_one("dcgm", write(tmp_path, lines, "dmon.txt"), accelerator="H100 SXM", interval=1 / 3600)
    low, high = ends(found, "power_fraction")
    assert low < 523.5 / 700 < high
    assert found.totals.columns["device_hours"][-1] == pytest.approx(4 * 199 / 3600)
    assert "200 rows of entities other than whole GPUs" in told(found)


def exporter(form: str) -> list[str]:
    times = [START + timedelta(seconds=30 * k) for k in range(60)]
    watts = [[500.0 + k % 3, 600.0 + k % 3] for k in range(60)]
    if form == "columns":
        lines = ["timestamp,Hostname,gpu,DCGM_FI_DEV_POWER_USAGE,DCGM_FI_DEV_GPU_UTIL"]
        return lines + [f"{t:%Y-%m-%dT%H:%M:%SZ},n1,{g},{w[g]},97" for t, w in zip(times, watts, strict=True) for g in range(2)]
    if form == "grafana":
        labels = [f'{{Hostname=""n1"", gpu=""{g}""}}' for g in range(2)]
        head = '"Time",' + ",".join(f'"DCGM_FI_DEV_{name}{label}"' for name in ("POWER_USAGE", "GPU_UTIL") for label in labels)
        return [head, *(f'"{t:%Y-%m-%d %H:%M:%S}","{w[0]} W","{w[1]} W","97 %","97 %"' for t, w in zip(times, watts, strict=True))]
    lines = ["__name__;timestamp;Hostname;gpu;value"]
    for t, w in zip(times, watts, strict=True):
        for g in range(2):
            second = int((t - datetime(1970, 1, 1)).total_seconds())
            blank = t == times[5] and g == 0
            power = "9223372036854775794" if blank else f"{w[g]}".replace(".", ",")
            lines += [f"DCGM_FI_DEV_POWER_USAGE;{second};n1;{g};{power}", f"DCGM_FI_DEV_GPU_UTIL;{second};n1;{g};97"]
            lines.append(f"DCGM_FI_DEV_SM_CLOCK;{second};n1;{g};1980")
    return lines


@pytest.mark.parametrize("form", ["columns", "grafana", "rows"])
def test_metrics_of_dcgm_exporter_as_csv(tmp_path: Path, form: str) -> None:
    options = {"accelerator": "H100 SXM", "pue": 1.0, "server_power_ratio": 1.0}
    found = import_one("dcgm", write(tmp_path, exporter(form), mark="\ufeff"), **options)
    low, high = ends(found, "power_fraction")
    assert low < 551.0 / 700 < high
    assert "2 accelerators" in told(found)
    assert found.totals.columns["energy"][-1] == pytest.approx(1.102 * 59 * 30 / 3600, rel=0.01)
    newer = [line.replace("POWER_USAGE", "BOARD_POWER_WATTS").replace("GPU_UTIL", "GPU_UTIL_RATIO") for line in exporter(form)]
    again = import_one("dcgm", write(tmp_path, newer), **options)  # names of DCGM 4.6
    assert again.priors[0].value == found.priors[0].value
    np.testing.assert_array_equal(again.totals.columns["energy"], found.totals.columns["energy"])


def test_other_powers_and_shares_of_dcgm_are_not_mistaken(tmp_path: Path) -> None:
    plain = exporter("columns")
    path = write(tmp_path, [plain[0] + ",DCGM_FI_DEV_POWER_USAGE_INSTANT", *(f"{line},9" for line in plain[1:])])
    found = import_one("dcgm", path, accelerator="H100 SXM")
    shares = [line.replace("GPU_UTIL", "GPU_UTIL_RATIO").replace(",97", ",0.97") for line in plain]
    again = import_one("dcgm", write(tmp_path, shares), accelerator="H100 SXM")
    assert (
        found.priors[0].value == again.priors[0].value == import_one("dcgm", write(tmp_path, plain), accelerator="H100 SXM").priors[0].value
    )


# --- CodeCarbon

V2_TEXT = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,"
    "energy_consumed,country_name,country_iso_code,region,cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,"
    "cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,tracking_mode,on_cloud,pue"
)
V3_TEXT = (
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,"
    "ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,cloud_provider,cloud_region,os,python_version,"
    "codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,tracking_mode,cpu_utilization_percent,"
    "gpu_utilization_percent,ram_utilization_percent,ram_used_gb,on_cloud,pue,wue"
)
V2, V3 = (text.split(",") for text in (V2_TEXT, V3_TEXT))


def tracked(columns: Sequence[str], *, run: str, begin: datetime, hours: float, watts: float, pue: float = 1.0, **others: object) -> str:
    """Return one row of a run of eight accelerators, each of so many watts."""
    gpu, rest = 8 * watts * hours / 1000 * pue, 0.4 * hours * pue
    cells = {
        "timestamp": f"{begin + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}", "project_name": "llm", "run_id": run, "duration": hours * 3600,
        "emissions": 0.056 * (gpu + rest), "gpu_energy": gpu, "cpu_energy": 0.75 * rest, "ram_energy": 0.25 * rest,
        "energy_consumed": gpu + rest, "country_name": "France", "country_iso_code": "FRA", "region": "île-de-france", "gpu_count": 8,
        "gpu_model": "8 x NVIDIA H100 80GB HBM3", "tracking_mode": "machine", "on_cloud": "N", "pue": pue, **others,
    }  # fmt: skip
    return ",".join(str(cells.get(name, "")) for name in columns)


@pytest.mark.parametrize("columns", [V2, V3], ids=["v2", "v3"])
def test_totals_of_codecarbon_are_sums_over_runs_of_their_last_rows(tmp_path: Path, columns: list[str]) -> None:
    day = timedelta(days=1)
    rows = [tracked(columns, run=f"r{r}", begin=START + r * day, hours=h, watts=420.0, pue=1.2) for r in range(2) for h in (5.0, 10.0)]
    found = import_one("codecarbon", write(tmp_path, [",".join(columns), *rows], "emissions.csv"), accelerator="H100 SXM")
    totals = found.totals
    energy = 2 * 10 * (8 * 0.42 + 0.4) * 1.2
    np.testing.assert_allclose(totals.columns["device_hours"], [40, 80, 120, 160])
    assert totals.columns["energy"][-1] == pytest.approx(energy)
    assert totals.columns["emissions"][-1] == pytest.approx(0.056 * energy)
    np.testing.assert_allclose(totals.hours, [5, 10, 29, 34])
    assert prior(found, "carbon_intensity").constant == pytest.approx(0.056)
    assert prior(found, "pue").constant == 1.2
    low, high = ends(found, "power_fraction")
    assert low < 0.6 < high
    assert "2 rows are earlier totals" in told(found)
    other = import_one("codecarbon", tmp_path / "emissions.csv", pue=1.5, accelerators=32.0).totals
    assert other.columns["energy"][-1] == pytest.approx(energy / 1.2 * 1.5 * 4)


def test_what_codecarbon_does_not_know_is_not_made_up(tmp_path: Path) -> None:
    rows = [
        tracked(V2, run="a", begin=START, hours=2.0, watts=420.0),
        tracked(V2, run="b", begin=START, hours=2.0, watts=420.0, country_iso_code="USA", region=""),
    ]
    found = import_one("codecarbon", write(tmp_path, [",".join(V2), *rows]))
    assert not found.priors
    assert "several places" in found.left_out["carbon_intensity"]
    assert "--accelerator" in found.left_out["power_fraction"]
    assert "state --pue" in found.left_out["energy so far"]
    assert found.totals.columns.keys() == {"device_hours"}
    one = import_one("codecarbon", tmp_path / "log.csv", where={"country_iso_code": "FRA"})
    assert prior(one, "carbon_intensity").constant == pytest.approx(0.056)


# --- SLURM

SACCT = "JobID|JobName|State|Start|End|Elapsed|NNodes|AllocTRES|Restarts"


def elapsed(hours: float) -> str:
    days, seconds = divmod(round(hours * 3600), 86400)
    return f"{f'{days}-' if days else ''}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def jobs(ends_of: Sequence[tuple[str, float, float]], *, nodes: int = 32, name: str = "pretrain-7b") -> list[str]:
    """Return accounting of jobs, one after the other: (state, hours, hours until the next)."""
    lines, start = [], datetime(2026, 1, 5, 8)
    for place, (state, hours, gap) in enumerate(ends_of):
        end = start + timedelta(hours=hours)
        tres = f"billing=4096,cpu=4096,gres/gpu:h100={8 * nodes},gres/gpu={8 * nodes},mem=64T,node={nodes}"
        lines.append(f"{1000 + place}|{name}|{state}|{start:%Y-%m-%dT%H:%M:%S}|{end:%Y-%m-%dT%H:%M:%S}|{elapsed(hours)}|{nodes}|{tres}|0")
        lines.append(f"{1000 + place}.batch|batch|FAILED|{start:%Y-%m-%dT%H:%M:%S}|{end:%Y-%m-%dT%H:%M:%S}|{elapsed(hours)}|1||0")
        start = end + timedelta(hours=gap)
    return lines


CHAIN = [
    ("NODE_FAIL", 30.0, 0.5), ("FAILED", 20.0, 1.0), ("TIMEOUT", 48.0, 0.1), ("REQUEUED", 5.0, 0.25), ("CANCELLED by 1001", 12.0, 40.0),
    ("OUT_OF_MEMORY", 26.05, 2.0), ("PREEMPTED", 8.0, 3.0), ("COMPLETED", 10.0, 0.0),
]  # fmt: skip


def test_the_failure_rate_has_the_posterior_of_a_poisson_count(tmp_path: Path) -> None:
    found = import_one(
        "sacct", write(tmp_path, [SACCT, *jobs(CHAIN), "1099|pretrain-7b|PENDING|Unknown|Unknown|00:00:00|32||0"], "jobs.txt")
    )
    node_days = 32 * sum(hours for _, hours, _ in CHAIN) / 24
    law = prior(found, "failure_rate").law
    exact = stats.gamma(4 + 0.5, scale=1000 / node_days)
    for q in (0.05, 0.5, 0.95):
        assert float(law.cdf(exact.ppf(q))) == pytest.approx(q, abs=1e-5)
    assert "8 rows of job steps" in told(found)
    assert "the interval of failure_rate is how well the rate of these jobs is known" in told(found)
    assert "1 jobs that never started" in told(found)
    assert "failure_rate_planned" in told(found)
    assert "failure_rate_spot" in told(found)


def test_downtime_is_the_gap_to_the_next_lasting_start_of_the_same_name(tmp_path: Path) -> None:
    found = import_one("sacct", write(tmp_path, [SACCT, *jobs(CHAIN)]))
    gaps = np.array([0.5, 1.0, 0.25, 2.0])
    low, high = ends(found, "downtime")
    exact = interval_of(Mean(gaps.mean(), gaps.std(ddof=1) / 2, 4.0, 4), QUANTITIES["downtime"].domain)
    np.testing.assert_allclose([low, high], exact, rtol=1e-3)
    brief = [*CHAIN[:2], ("FAILED", 0.02, 0.5), *CHAIN[2:]]  # a start that never came to train
    again = import_one("sacct", write(tmp_path, [SACCT, *jobs(brief)]))
    assert "1 allocations of less than 10 min" in told(again)
    longer = np.array([0.5, 1.52, 0.25, 2.0])
    exact = interval_of(Mean(longer.mean(), longer.std(ddof=1) / 2, 4.0, 4), QUANTITIES["downtime"].domain)
    np.testing.assert_allclose(ends(again, "downtime"), exact, rtol=1e-3)


def test_breaks_overlaps_and_open_ends_are_no_downtime(tmp_path: Path) -> None:
    chain = [("FAILED", 5.0, 300.0), ("FAILED", 5.0, 1.0), ("FAILED", 5.0, 1.0)]
    beside = [line.replace("|FAILED|", "|COMPLETED|") for line in jobs([("FAILED", 312.0, 1.0)])]
    found = import_one("sacct", write(tmp_path, [SACCT, *jobs(chain), *beside]))
    assert "downtime" in found.left_out
    assert "2 interruptions of jobs beside which" in told(found)
    alone = import_one("sacct", write(tmp_path, [SACCT, *jobs(chain)]))
    assert "1 gaps of more than 7 days" in told(alone)
    assert "1 interruptions are followed by no job" in told(alone)
    assert "there are 1 gaps" in alone.left_out["downtime"]


def test_no_failure_is_a_rate_too(tmp_path: Path) -> None:
    found = import_one("sacct", write(tmp_path, [SACCT, *jobs([("COMPLETED", 240.0, 1.0)])]))
    law = prior(found, "failure_rate").law
    assert float(law.cdf(1000 * stats.gamma.ppf(0.9, 0.5) / 320)) == pytest.approx(0.9, abs=1e-5)


def test_actuals_of_accounting(tmp_path: Path) -> None:
    totals = import_one("sacct", write(tmp_path, [SACCT, *jobs(CHAIN)])).totals
    assert totals.columns["interruptions"][-1] == 5  # four, and one preemption
    assert totals.columns["device_hours"][-1] == pytest.approx(256 * sum(hours for _, hours, _ in CHAIN))
    bare = import_one("sacct", write(tmp_path, [line.replace("gres/gpu", "gres/x") for line in [SACCT, *jobs(CHAIN)]]))
    assert "--accelerators-per-node" in bare.left_out["device_hours"]
    stated = import_one("sacct", tmp_path / "log.csv", accelerators_per_node=8.0).totals
    assert stated.columns["device_hours"][-1] == totals.columns["device_hours"][-1]


def in_columns(lines: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return what sacct prints without --parsable2: columns to the right under dashes, what is longer cut off by a plus."""
    rows = [[cell if len(cell) <= n else f"{cell[: n - 1]}+" for cell, n in zip(line.split("|"), widths, strict=True)] for line in lines]
    rows.insert(1, ["-" * n for n in widths])
    return [" ".join(f"{cell:>{n}}" for cell, n in zip(row, widths, strict=True)) + " " for row in rows]


def test_accounting_in_columns_of_a_fixed_width(tmp_path: Path) -> None:
    lines = [SACCT, *jobs(CHAIN), "1099|pretrain-7b|PENDING|Unknown|Unknown|00:00:00|32||0"]
    exact = import_one("sacct", write(tmp_path, lines))
    wide = import_one("sacct", write(tmp_path, in_columns(lines, [12, 12, 20, 19, 19, 10, 8, 80, 8])))
    assert wide.priors == exact.priors
    np.testing.assert_array_equal(wide.totals.columns["device_hours"], exact.totals.columns["device_hours"])
    narrow = import_one("sacct", write(tmp_path, in_columns(lines, [12, 10, 10, 19, 19, 10, 8, 32, 8])))  # OUT_OF_ME+, CANCELLED+
    assert [item.value for item in narrow.priors] == [item.value for item in exact.priors]
    assert "AllocTRES does not tell" in narrow.left_out["device_hours"]  # gres/gpu=25+ is no number
    unknown = in_columns([line.replace("NODE_FAIL", "LOST") for line in lines], [12, 12, 20, 19, 19, 10, 8, 80, 8])
    with pytest.raises(InputError, match="'LOST' in column 'State' is not a state"):
        import_one("sacct", write(tmp_path, unknown))


def test_components_of_a_heterogeneous_job_are_one_allocation(tmp_path: Path) -> None:
    exact = import_one("sacct", write(tmp_path, [SACCT, *jobs(CHAIN, nodes=32)]))
    parts = [line.replace("|", f"+{part}|", 1) for line in jobs(CHAIN, nodes=16) if ".batch" not in line for part in (0, 1)]
    found = import_one("sacct", write(tmp_path, [SACCT, *parts]))
    assert found.priors[0].value == exact.priors[0].value
    np.testing.assert_array_equal(found.totals.columns["device_hours"], exact.totals.columns["device_hours"])


def test_accelerators_of_several_types_are_added_once(tmp_path: Path) -> None:
    typed = [line.replace("gres/gpu=256", "gres/gpu:a100=64") for line in jobs(CHAIN)]
    totals = import_one("sacct", write(tmp_path, [SACCT, *typed])).totals
    assert totals.columns["device_hours"][-1] == pytest.approx(320 * sum(hours for _, hours, _ in CHAIN))
    told_of = told(import_one("sacct", write(tmp_path, [SACCT, *jobs(CHAIN)])))
    assert "a node has 8 accelerators (hardware.accelerators_per_node)" in told_of


# --- W&B and MLflow


def history(count: int = 400) -> list[dict[str, object]]:
    noise = np.random.default_rng(6).normal(0.0, 0.004, count)
    return [
        {
            "_step": 10 * k,
            "_timestamp": 1.76e9 + 60 * k,
            "_runtime": 60.0 * k,
            "perf/mfu": 0.41 + noise[k],
            "train/loss": 2.0,
            "tokens": 4e7 * k,
        }
        for k in range(count)
    ]


def test_history_as_json_lines_and_as_csv(tmp_path: Path) -> None:
    rows = history()
    rows[3]["perf/mfu"] = float("nan")
    lines = write(tmp_path, [json.dumps(row) for row in rows], "history.jsonl")
    table = [",".join(["", *rows[0]]), *(",".join([str(k), *map(str, row.values())]) for k, row in enumerate(rows))]
    found = [import_one("wandb", path, column="perf/mfu") for path in (lines, write(tmp_path, table))]
    assert found[0].priors[0].value == found[1].priors[0].value
    low, high = ends(found[0], "mfu")
    assert low < 0.41 < high
    assert high - low < 0.003
    assert "1 of 400 cells have no value" in told(found[0])


def test_a_chart_has_a_column_for_each_run(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    names = [f"run-{letter} - perf/mfu" for letter in "abc"]
    lines = [",".join(f'"{title}"' for title in ["Step", *(name + end for name in names for end in ("", "__MIN", "__MAX"))])]
    for step in range(200):
        values = [f"{m + rng.normal() * 0.01:.5f}" for m in (0.38, 0.41, 0.39)]
        values[2] = "" if step > 150 else values[2]
        lines.append(",".join(f'"{cell}"' for cell in [step, *(v for value in values for v in (value, value, value))]))
    found = import_one("wandb", write(tmp_path, lines))
    assert "3 runs, mean 0.39" in told(found)
    low, high = ends(found, "mfu")
    assert low < 0.36  # of one more run, far wider than of the mean
    assert high > 0.42


@pytest.mark.parametrize("timed", [True, False])
def test_slow_steps_count_by_the_time_that_they_take(tmp_path: Path, timed: bool) -> None:
    """Of even steps at 0.4 and, one in five, at 0.2, the run reaches 1 / (0.8 / 0.4 + 0.2 / 0.2), not 0.36."""
    shares = np.random.default_rng(8).permutation([0.4] * 800 + [0.2] * 200)
    ends_of = np.cumsum(4.0 / shares)
    rows = [f"{k},{t if timed else ''},{x}" for k, (t, x) in enumerate(zip(1.76e9 + ends_of, shares, strict=True))]
    found = import_one("wandb", write(tmp_path, ["_step,_timestamp,mfu", *rows]))
    mean = 1 / (0.8 / 0.4 + 0.2 / 0.2)
    low, high = ends(found, "mfu")
    assert (low + high) / 2 == pytest.approx(mean, rel=2e-3)
    # by the delta method of the mean time of a step, two or one second of work: its standard deviation is 0.4 of 2.4 seconds
    spread = mean * np.std(4.0 / shares) / np.mean(4.0 / shares) / math.sqrt(1000)
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.95) * spread, rel=0.15)


def test_even_times_count_alike(tmp_path: Path) -> None:
    shares = np.random.default_rng(8).permutation([0.4] * 800 + [0.2] * 200)
    stops = 1.76e9 + 60.0 * np.arange(1000) + np.where(np.arange(1000) > 500, 9e4, 0.0)  # with a day's break
    rows = [f"{k},{t},{x}" for k, (t, x) in enumerate(zip(stops, shares, strict=True))]
    low, high = ends(import_one("wandb", write(tmp_path, ["_step,_timestamp,mfu", *rows])), "mfu")
    assert (low + high) / 2 == pytest.approx(0.36, rel=2e-3)


def test_utilization_from_throughput(tmp_path: Path) -> None:
    """6 * 7e9 * 3.2e6 / (256 * 989e12) is 0.5308."""
    rows = [
        f"{run},tokens_per_second,{3.2e6 * (1 + 0.01 * (-1) ** k)},{k},{1760000000000 + 30000 * k}" for run in ("a", "b") for k in range(50)
    ]
    path = write(tmp_path, ["run_id,key,value,step,timestamp", *rows, "a,loss,2.0,0,1760000000000"])
    options = {"column": "tokens_per_second", "meaning": "throughput", "params": 7e9, "accelerator": "H100 SXM"}
    whole = import_one("mlflow", path, unit="tokens/s", accelerators=256.0, **options)
    exact = 6 * 7e9 * 3.2e6 / (256 * 989e12)
    low, high = ends(whole, "mfu")
    assert low < exact < high
    chart = ['"Run","Run ID","metric","step","timestamp","value"']
    chart += ['"r","{0}","{1}","{3}","{4}","{2}"'.format(*row.split(",")) for row in [*rows, "a,loss,2.0,0,1760000000000"]]
    assert import_one("mlflow", write(tmp_path, chart, "chart.csv"), unit="tokens/s", accelerators=256.0, **options).priors[0].value == (
        whole.priors[0].value
    )
    per_device = [f"1760000000{k:03d} {12500 * (1 + 0.01 * (-1) ** k)} {k}" for k in range(50)]
    one = import_one(
        "mlflow", write(tmp_path, per_device, "tps"), meaning="throughput", unit="tokens/s/GPU", params=7e9, accelerator="H100 SXM"
    )
    assert ends(one, "mfu")[0] < exact < ends(one, "mfu")[1]
    even = import_one(
        "mlflow",
        write(tmp_path, [f"1760000000{k:03d} 12500 {k}" for k in range(9)], "even"),
        meaning="throughput",
        unit="tokens/s/GPU",
        params=7e9,
        accelerator="H100 SXM",
    )
    assert prior(even, "mfu").constant == pytest.approx(exact, rel=1e-5)
    flops = [f"1760000000{k:03d} {400 + k % 2} {k}" for k in range(50)]
    shown = import_one("mlflow", write(tmp_path, flops, "tflops"), meaning="flops", unit="TFLOP/s", accelerator="H100 SXM")
    assert ends(shown, "mfu")[0] < 400.5 / 989 < ends(shown, "mfu")[1]


def test_tokens_so_far_forget_what_a_restart_took_back(tmp_path: Path) -> None:
    rows = history(100)
    for k in range(60, 100):
        rows[k]["tokens"] = 4e7 * (k - 20)  # back to a checkpoint
    totals = import_one("wandb", write(tmp_path, map(json.dumps, rows), "h.jsonl"), column="tokens", meaning="tokens").totals
    assert totals.columns["tokens"][-1] == 4e7 * 79
    assert np.all(np.diff(totals.columns["tokens"]) >= 0)
    assert totals.hours[-1] == pytest.approx(99 / 60)


def test_warm_up_and_waiting_are_left_out(tmp_path: Path) -> None:
    rows = history(60)
    for k in range(5):
        rows[k]["perf/mfu"] = 0.05
    rows[30]["perf/mfu"] = 0.0
    path = write(tmp_path, map(json.dumps, rows), "h.jsonl")
    found = import_one("wandb", path, column="perf/mfu", skip=5)
    assert ends(found, "mfu")[0] > 0.405
    wrong = import_one("wandb", path, column="perf/mfu", skip=5, unit="%")
    assert "a utilization of 0.41% is lower than training reaches: is the unit right" in told(wrong)
    assert "1 of 55 values are nought" in told(found)


# --- hourly exports


def a_year(values: np.ndarray, header: str, form) -> list[str]:
    start = datetime(2025, 1, 1)
    return [header, *(form(start + timedelta(hours=k), value) for k, value in enumerate(values))]


def test_the_season_of_a_carbon_intensity(tmp_path: Path) -> None:
    hours = np.arange(8760)
    values = 400 + 100 * np.cos(2 * np.pi * hours / 8760)
    header = "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle)"
    path = write(
        tmp_path, a_year(values, header, lambda t, v: f"{t:%Y-%m-%d %H:%M:%S},Germany,Germany,DE,{0.9 * v:.3f},{v:.3f}"), mark="\ufeff"
    )
    found = import_one("electricitymaps", path)
    # over 30 days a yearly wave keeps sin(pi f) / (pi f) of its height; quantiles of a cosine over (nearly) its whole period
    kept = 100 * np.sinc(30 / 365)
    starts = np.arange(8760 - 720 + 1)
    moving = 400 + kept * np.cos(2 * np.pi * (starts + 359.5) / 8760)
    np.testing.assert_allclose(ends(found, "carbon_intensity"), np.quantile(moving, [0.05, 0.95]) / 1000, rtol=2e-3)
    assert "mean 400 gCO2e/kWh" in told(found)
    assert "simulator fit" in told(found)
    shorter = import_one("electricitymaps", path, window=24.0)
    assert ends(shorter, "carbon_intensity")[0] < ends(found, "carbon_intensity")[0]


def test_day_ahead_prices_keep_their_currency(tmp_path: Path) -> None:
    values = 80 + 20 * np.cos(2 * np.pi * np.arange(8760) / 8760)
    lines = a_year(
        values,
        '"MTU (UTC)";"Area";"Sequence";"Day-ahead Price (EUR/MWh)"',
        lambda t, v: f'"{t:%d/%m/%Y %H:%M:%S} - {t + timedelta(hours=1):%d/%m/%Y %H:%M:%S}";"BZN|FR";"Without Sequence";"{v:.2f}"'.replace(
            ".", ","
        ),
    )
    found = import_one("entsoe", write(tmp_path, lines))
    assert found.priors[0].value.endswith("EUR/MWh")
    fragment = write(tmp_path, [priors_yaml(found)], "price.yaml")
    own = "compute={basis: own, accelerator_price: 20k to 35k USD}"
    scenario = load_scenario(QUICKSTART, overrides=[own, f"@{fragment}"])
    assert scenario.energy.currency == "EUR"
    assert not found.totals


def test_prices_of_the_file_library_of_entsoe(tmp_path: Path) -> None:
    """Tab separated, in UTC, of all areas, in the currency of another column, with the time when each row was published."""
    header = "DateTime(UTC)\tResolutionCode\tAreaCode\tAreaDisplayName\tAreaTypeCode\tMapCode\tContractType\tSequence\t"
    header += "Price[Currency/MWh]\tCurrency\tUpdateTime(UTC)"
    price = 80 + 20 * np.cos(2 * np.pi * np.arange(8760) / 8760)
    lines = [header]
    for hour, value in enumerate(price):
        t = datetime(2025, 1, 1) + timedelta(hours=hour)
        for code, name, more in (("DE_LU", "DE-LU", 0.0), ("FR", "France (FR)", 30.0)):
            row = [
                f"{t}",
                "PT60M",
                f"10Y{code}",
                name,
                "BZN",
                code,
                "Day-ahead",
                "",
                f"{value + more:.2f}",
                "EUR",
                f"{t - timedelta(hours=11)}",
            ]
            lines.append("\t".join(row))
    path = write(tmp_path, lines)
    with pytest.raises(InputError, match="holds several series"):
        import_one("entsoe", path)
    found = import_one("entsoe", path, where={"MapCode": "FR"})
    assert "mean 110 EUR/MWh" in told(found)
    assert found.priors[0].value.endswith("EUR/MWh")


# --- what is written


def every_kind(folder: Path) -> dict[str, tuple[Path, dict[str, object]]]:
    hours = np.arange(8760)
    wave = 100 * np.cos(2 * np.pi * hours / 8760)
    return {
        "codecarbon": (
            write(
                folder,
                [
                    ",".join(V3),
                    *(tracked(V3, run=f"r{r}", begin=START + timedelta(days=r), hours=9.0, watts=400.0 + 9 * r) for r in range(4)),
                ],
                "emissions.csv",
            ),
            {"accelerator": "H100 SXM", "pue": 1.2},
        ),
        "electricitymaps": (
            write(
                folder,
                a_year(
                    400 + wave,
                    "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (Life cycle)",
                    lambda t, v: f"{t:%Y-%m-%d %H:%M:%S},DE,{v:.3f}",
                ),
                "em.csv",
            ),
            {},
        ),
        "entsoe": (
            write(
                folder,
                a_year(
                    200 + wave,
                    "MTU (UTC),Day-ahead Price (EUR/MWh)",
                    lambda t, v: f"{t:%d.%m.%Y %H:%M} - {t + timedelta(hours=1):%d.%m.%Y %H:%M},{v:.2f}",
                ),
                "en.csv",
            ),
            {},
        ),
        "dcgm": (write(folder, exporter("columns"), "dcgm.csv"), {"accelerator": "H100 SXM", "pue": 1.2, "server_power_ratio": 1.7}),
        "nvidia-smi": (write(folder, smi(steady(300, 2), [[95, 95]] * 300), "smi.csv"), {"pue": 1.2, "server_power_ratio": 1.7}),
        "sacct": (write(folder, [SACCT, *jobs(CHAIN)], "jobs.txt"), {}),
        "wandb": (write(folder, map(json.dumps, history()), "history.jsonl"), {"column": "perf/mfu"}),
        "mlflow": (write(folder, [f"17600000{k:05d} {0.4 + 0.01 * (k % 3)} {k}" for k in range(90)], "mfu"), {}),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_priors_added_to_a_config_load_and_validate(tmp_path: Path, kind: str) -> None:
    path, options = every_kind(tmp_path)[kind]
    found = import_one(kind, path, **options)
    text = priors_yaml(found)
    fragment = write(tmp_path, [text], "priors.yaml")
    own = ["compute={basis: own, accelerator_price: 20k to 35k USD}"] if kind == "entsoe" else []
    scenario = load_scenario(QUICKSTART, overrides=[*own, f"@{fragment}"])
    data = parse_yaml(text).data
    stated = {name for section in data.values() for name in section}
    assert stated == {item.quantity for item in found.priors}
    for name in stated:
        assert scenario.values()[name].spec == next(item.value for item in found.priors if item.quantity == name)
    for item in found.priors:
        assert path.name in item.told[0]
    assert all(name in text for name in found.left_out)
    assert max(map(len, text.splitlines())) <= 112


@pytest.mark.parametrize("kind", KINDS)
def test_how_an_editor_saves_a_file_changes_nothing(tmp_path: Path, kind: str) -> None:
    """With the mark of UTF-8 and lines that end as in Windows; in UTF-16, as PowerShell redirects; with semicolons and decimal commas."""
    path, options = every_kind(tmp_path)[kind]
    exact = import_one(kind, path, **options)
    text = path.read_text(encoding="utf-8")
    variants = {"windows": ("\ufeff" + text).replace("\n", "\r\n"), "powershell": text.replace("\n", "\r\n")}
    if kind in ("codecarbon", "dcgm", "electricitymaps", "nvidia-smi"):
        variants["semicolons"] = text.replace(",", ";").replace(".", ",") if kind != "nvidia-smi" else _german(text)
    for name, saved in variants.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / path.name).write_bytes(saved.encode("utf-16" if name == "powershell" else "utf-8"))
        again = import_one(kind, folder / path.name, **options)
        assert [item.value for item in again.priors] == [item.value for item in exact.priors], name
        if exact.totals is not None:
            for column, values in exact.totals.columns.items():
                np.testing.assert_array_equal(again.totals.columns[column], values)


def _german(text: str) -> str:
    """Return a log with semicolons and decimal commas; titles and stamps keep their points."""
    head, *lines = text.splitlines()
    rows = [[cell if place == 0 else cell.replace(".", ",") for place, cell in enumerate(line.split(", "))] for line in lines]
    return "\n".join([head.replace(",", ";"), *("; ".join(row) for row in rows)]) + "\n"


@pytest.mark.parametrize("kind", ["codecarbon", "dcgm", "nvidia-smi", "sacct"])
def test_totals_are_actuals_that_update_reads(tmp_path: Path, kind: str) -> None:
    path, options = every_kind(tmp_path)[kind]
    totals = import_one(kind, path, **options).totals
    read = read_actuals(write(tmp_path, [actuals_csv(import_one(kind, path, **options)).rstrip()], "actuals.csv"))
    assert {o.column for o in read.observations} == set(totals.columns)
    for o in read.observations:
        assert o.value == pytest.approx(totals.columns[o.column][-1], rel=1e-9)
        assert o.error == totals.errors.get(o.column, 0.0)


def test_what_gives_no_prior_or_no_totals_says_why(tmp_path: Path) -> None:
    files = every_kind(tmp_path)
    with pytest.raises(InputError, match="gives no totals so far: carbon_year_shift"):
        actuals_csv(import_one("electricitymaps", files["electricitymaps"][0]))
    tokens = import_one("wandb", files["wandb"][0], column="tokens", meaning="tokens")
    with pytest.raises(InputError, match=r"gives no prior: .*tokens so far are no prior"):
        priors_yaml(tokens)


# --- fragments of a config


def test_a_fragment_is_put_in_place_by_set(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ["reliability:", "  failure_rate: {family: gamma, shape: 4.5, scale: 1.2}", "  downtime: 1 to 3 h", "levers: [fp8]"],
        "p.yaml",
    )
    scenario = load_scenario(QUICKSTART, overrides=[f"@{path}", "downtime=2 h"])
    assert scenario.reliability.failure_rate.spec == {"family": "gamma", "shape": 4.5, "scale": 1.2}
    assert scenario.reliability.downtime.constant == 2.0
    assert scenario.levers == ("fp8",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["reliability:", "  failure_rat: 3"], "reliability.failure_rat.*Did you mean failure_rate"),
        (["reliability:", "  failure_rate: 3 kWh"], "is not a unit of this quantity"),
        (["3"], "holds no sections. A fragment has sections"),
        (["reliability: {"], "not valid YAML"),
    ],
)
def test_a_wrong_fragment_is_told_with_its_name(tmp_path: Path, lines: list[str], message: str) -> None:
    path = write(tmp_path, lines, "p.yaml")
    with pytest.raises(ConfigError, match=message):
        load_scenario(QUICKSTART, overrides=[f"@{path}"])
    with pytest.raises(ConfigError, match=r"nowhere\.yaml cannot be read"):
        load_scenario(QUICKSTART, overrides=["@nowhere.yaml"])


# --- what is refused

GOOD = smi(steady(20, 1), [[95]] * 20)


def broken(line: int, old: str, new: str) -> list[str]:
    lines = list(GOOD)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new)
    return lines


def watts_of(line: int) -> str:
    return GOOD[line].split(", ")[3]


BROKEN = {
    "a number that is none": (
        "nvidia-smi",
        broken(5, watts_of(5), "abc W"),
        {},
        r"log.csv, line 6.*'abc W' in column 'power.draw \[W\]'.*not a number",
    ),
    "another unit": (
        "nvidia-smi",
        broken(5, watts_of(5), "400 J"),
        {},
        r"line 6.*'J' is not a unit of this column, which is measured in W",
    ),
    "a negative draw": ("nvidia-smi", broken(3, watts_of(3), "-5.00 W"), {}, r"line 4.*'-5.00 W'.*does not lie in 0 to 5000 W"),
    "utilization above 100": ("nvidia-smi", broken(2, "95 %", "950 %"), {}, r"line 3.*'950 %'.*does not lie in 0 to 100 %"),
    "a time that is none": ("nvidia-smi", broken(4, "2026/05/07", "2026/15/07"), {}, r"line 5.*in column 'timestamp' is not a time"),
    "a clock that runs backwards": ("nvidia-smi", broken(9, "22:09", "22:01"), {}, r"line 10.*the clock jumps back"),
    "no power": (
        "nvidia-smi",
        ["timestamp, index, temperature.gpu", "2026/05/07 22:08:19.005, 0, 60"],
        {},
        r"no column of power .*it has 'timestamp'.*Log with",
    ),
    "no header": ("nvidia-smi", GOOD[1:], {}, r"no column of power"),
    "a short row": ("nvidia-smi", [*GOOD, "2026/05/07 22:30:00.000, 0"], {}, r"line 22: 2 cells where the header has 6"),
    "another accelerator": ("nvidia-smi", GOOD, {"accelerator": "V100 SXM2"}, r"a mean draw of 5\d\d W is 1.8\d of the rated 300 W"),
    "an unknown accelerator": (
        "nvidia-smi",
        GOOD,
        {"accelerator": "H100"},
        r"--accelerator H100: 'H100' is not a known accelerator. Did you mean H100 SXM",
    ),
    "nothing but idling": (
        "nvidia-smi",
        [line.replace("95 %", "0 %") for line in GOOD],
        {},
        r"no sample has a utilization of 10% or more.*--busy",
    ),
    "columns that change": ("nvidia-smi", [*dmon(3), "#Date Time gpu pwr", "20260507 22:09:00 0 500"], {}, r"the columns change"),
    "dmon without header": ("dcgm", ["GPU 0 500 90"], {}, r"line 1: there is no header; print it"),
    "a file of something else": (
        "dcgm",
        ["time,gpu,load", "2026-05-07 10:00,0,3"],
        {},
        r"no column DCGM_FI_DEV_POWER_USAGE; it has 'time', 'gpu', 'load'",
    ),
    "mixed offsets": (
        "dcgm",
        ["time,gpu,DCGM_FI_DEV_POWER_USAGE", "2026-05-07T10:00:00Z,0,500", "2026-05-07T10:01:00,0,500"],
        {},
        r"with an offset from UTC \(line 2\) and without one \(line 3\)",
    ),
    "no gpu_count column": (
        "codecarbon",
        [
            ",".join(c for c in V2 if c != "gpu_count"),
            tracked([c for c in V2 if c != "gpu_count"], run="a", begin=START, hours=1.0, watts=400.0),
        ],
        {},
        r"no column of gpu_count",
    ),
    "a pue below one": (
        "codecarbon",
        [",".join(V2), tracked(V2, run="a", begin=START, hours=1.0, watts=400.0, pue=0.5)],
        {},
        r"'0.5' in column 'pue' does not lie in 1 to 10",
    ),
    "an unknown state": (
        "sacct",
        [SACCT, jobs(CHAIN)[0].replace("NODE_FAIL", "EXPLODED")],
        {},
        r"line 2.*'EXPLODED' in column 'State' is not a state",
    ),
    "an elapsed time that is none": (
        "sacct",
        [SACCT, jobs(CHAIN)[0].replace("1-06:00:00", "30h")],
        {},
        r"line 2.*'30h' in column 'Elapsed'.*DAYS-",
    ),
    "nodes that are shortened": ("sacct", [SACCT, jobs(CHAIN)[0].replace("|32|", "|1K|")], {}, r"'1K' in the column of nodes"),
    "columns aligned by blanks": (
        "sacct",
        ["JobID JobName State", "1 a FAILED"],
        {},
        r"has one column.*Export with sacct --duplicates --parsable2",
    ),
    "steps only": ("sacct", [SACCT, jobs(CHAIN)[1]], {}, r"has job steps only"),
    "no lasting job": ("sacct", [SACCT, *jobs([("FAILED", 0.01, 1.0)])], {}, r"no allocation lasted 10 min or more.*--shortest"),
    "json cut short": ("wandb", [json.dumps(history(1)[0]), '{"_step": 1, "perf/m'], {}, r"line 2: is not JSON"),
    "several metrics": (
        "wandb",
        [json.dumps(history(1)[0])],
        {},
        r"several metrics: 'perf/mfu', 'train/loss', 'tokens'; say which with --column",
    ),
    "a metric of unknown meaning": (
        "wandb",
        [json.dumps(row) for row in history(9)],
        {"column": "train/loss"},
        r"what 'train/loss' is.*--as: mfu",
    ),
    "a share above one": (
        "wandb",
        [json.dumps(row) for row in history(9)],
        {"column": "train/loss", "meaning": "mfu"},
        r"has 2, 2 of the peak, at step 0",
    ),
    "a percentage without its unit": (
        "mlflow",
        [f"1760000000{k:03d} 41 {k}" for k in range(9)],
        {"meaning": "mfu"},
        r"41 of the peak.*Is the unit right",
    ),
    "throughput without parameters": (
        "mlflow",
        [f"1760000000{k:03d} 4000 {k}" for k in range(9)],
        {"meaning": "throughput", "unit": "tokens/s", "accelerator": "H100 SXM"},
        r"--params and --accelerators",
    ),
    "a unit of something else": (
        "mlflow",
        [f"1760000000{k:03d} 4000 {k}" for k in range(9)],
        {"meaning": "throughput", "unit": "kWh", "accelerator": "H100 SXM", "params": 7e9},
        r"--unit kWh is not one of throughput",
    ),
    "one value": ("mlflow", ["1760000000000 0.4 0"], {"meaning": "mfu"}, r"one value in each run"),
    "a metric file with something else": (
        "mlflow",
        ["1760000000000 0.4 0", "hello"],
        {"meaning": "mfu"},
        r"line 2: 'hello' is not TIMESTAMP VALUE STEP",
    ),
    "prices as intensities": (
        "electricitymaps",
        ["MTU (UTC),Day-ahead Price (EUR/MWh)", "01.01.2025 00:00 - 01.01.2025 01:00,80"],
        {},
        r"a unit of a price, not of a carbon intensity; name another column with --column",
    ),
    "an option of another kind": ("sacct", [SACCT], {"params": 7e9}, r"--params tells nothing about sacct, which takes --where"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_bad_input_is_a_letter_to_its_author(tmp_path: Path, case: str) -> None:
    kind, lines, options, message = BROKEN[case]
    path = write(tmp_path, lines)
    with pytest.raises(InputError, match=f"(?s){message}"):
        import_one(kind, path, **options)


def test_a_file_that_is_no_text_or_is_not_there(tmp_path: Path) -> None:
    binary = tmp_path / "log.csv"
    binary.write_bytes(b"\x89PNG\r\n\x00\x01\x02")
    for kind in KINDS:
        with pytest.raises(InputError, match="is not text in UTF-8"):
            import_one(kind, binary)
        with pytest.raises(InputError, match="does not exist"):
            import_one(kind, tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="is named more than once"):
        import_files("sacct", [binary, binary], Options())
    with pytest.raises(InputError, match="Did you mean nvidia-smi"):
        import_files("nvidia_smi", [binary], Options())


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("params", "seven", "'seven' is not a number"),
        ("pue", "0.9", "does not lie in the domain"),
        ("accelerators", "2.5", "whole numbers"),
        ("busy", "120%", "lies in 0 to 1"),
        ("interval", "-1 s", "not negative"),
        ("window", "3 kWh", "not a unit of this quantity"),
    ],
)
def test_numbers_of_options_are_checked(option: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        number(option, text)


# --- the command


def test_the_command_writes_both_files_or_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, out, picture = write(tmp_path, GOOD), tmp_path / "p.yaml", tmp_path / "check.png"
    assert _run(["import", "nvidia-smi", str(log), "-o", str(out), "--plot", str(picture)], debug=False) == 0
    stdout, stderr = capsys.readouterr()
    assert stdout.startswith("power_fraction = 0.")
    assert f"next: simulator run CONFIG --set @{out}" in stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    wrong = write(tmp_path, BROKEN["another unit"][1], "wrong.csv")
    before[wrong] = wrong.read_bytes()
    for words in (
        ["import", "nvidia-smi", str(wrong), "-o", str(out), "--plot", str(picture)],
        ["import", "nvidia-smi", str(log), "-o", str(tmp_path / "p.txt")],
        ["import", "nvidia-smi", str(log), "-o", str(log)],
        ["import", "nvidia-smi", str(log), "-o", str(out), "--plot", str(tmp_path / "check.doc")],
        ["import", "nvidia-smi", str(log), "-o", str(tmp_path / "nowhere" / "p.yaml"), "--plot", str(picture)],
        ["import", "nvidia-smi", str(log), "-o", str(out), "--pue", "0.5"],
        ["import", "nvidia-smi", str(log), "-o", str(out), "--where", "index"],
        ["import", "smi", str(log), "-o", str(out)],
    ):
        assert _run(words, debug=False) == 2, words
        assert "error: " in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_check_plot(tmp_path: Path, kind: str) -> None:
    path, options = every_kind(tmp_path)[kind]
    found = import_one(kind, path, **options)
    figure = imported_figure(found)
    assert 2 * len(found.panels) >= len(figure.axes) >= len(found.panels) > 0
    assert all(axes.has_data() and axes.get_xlabel() for axes in figure.axes)
    figure.savefig(tmp_path / "check.svg")
    text = (tmp_path / "check.svg").read_text(encoding="utf-8")
    assert text.count("<path") > 20
