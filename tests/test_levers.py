"""Do levers change what they say, on the same draws, and nothing else?"""

import numpy as np
import pytest
from rented_run import BASE, with_changes

from simulator import SamplingPlan, load_scenario, parse_scenario, simulate
from simulator.analysis.notes import notes
from simulator.errors import ConfigError
from simulator.reference import table
from simulator.scenario import resolve
from simulator.scenario.levers import LEVERS, factors

PLAN = SamplingPlan(draws=1024, seed=3)


def play(levers=(), **changes):
    return simulate(parse_scenario({**with_changes(**changes), "levers": list(levers)}), PLAN)


def changed(a, b, role):
    names = [name for name in a.data_vars if a[name].attrs["role"] == role and name in b]
    return {n for n in names if not np.array_equal(*np.broadcast_arrays(a[n].values, b[n].values), equal_nan=True)}


def test_two_levers_change_their_inputs_only():
    base, pulled = play(), play(["fp8", "region=CA-QC"])
    assert changed(base, pulled, "input") == {"peak_flops", "carbon_intensity", "wue_off"}
    factor = pulled.lever_factor.sel(lever_effect="fp8: peak_flops").values
    np.testing.assert_allclose(pulled.peak_flops.values, 989e12 * factor, rtol=1e-15)
    np.testing.assert_allclose(pulled.device_hours, base.device_hours / factor, rtol=0.05)  # goodput moves a little
    assert set(pulled.data_vars) - set(base.data_vars) == {"lever_factor"}
    assert notes(pulled)[0] == "Levers pulled: fp8, region=CA-QC."


def test_a_factor_keeps_its_draws_whatever_else_is_pulled():
    alone, both = play(["fp8"]), play(["data_efficiency", "fp8", "distributed_training"])
    a, b = (ds.lever_factor.sel(lever_effect="fp8: peak_flops").values for ds in (alone, both))
    np.testing.assert_array_equal(a, b)


def test_what_events_do_is_untouched_by_levers():
    events = [{"name": "heat", "probability": 0.4, "multiplies": {"pue": "1.1 to 1.3"}, "delay": "2 days"}]
    base, pulled = play(events=events), play(["fp8", "data_efficiency"], events=events)
    for name in base.data_vars:
        if name.startswith("event_") or (base[name].attrs["role"] == "input" and name not in ("peak_flops", "tokens")):
            assert base[name].identical(pulled[name]), name


def test_levers_stack():
    base, pulled = play(), play(["data_efficiency", "transfer_learning"])
    product = pulled.lever_factor.prod("lever_effect")
    np.testing.assert_allclose(pulled.tokens, 0.2e12 * product, rtol=1e-14)
    assert float((pulled.cost_total < base.cost_total).mean()) == 1.0


@pytest.mark.parametrize("name", sorted({row.name for row in table("levers").rows}))
def test_every_row_belongs_to_a_lever_and_has_an_effect(name):
    assert name in LEVERS
    assert factors(name)


@pytest.mark.parametrize("lever", ["fp8", "pruning", "sparse_pretraining", "transfer_learning", "data_efficiency"])
def test_levers_that_spare_work_cut_cost_and_emissions(lever):
    base, pulled = play(), play([lever])
    for name in ("device_hours", "cost_total", "emissions_total", "water"):  # a wide factor may pass 1, rarely
        assert float((pulled[name] < base[name]).mean()) > 0.95, name


def test_slow_links_make_it_dearer():
    assert float((play(["distributed_training"]).cost_total > play().cost_total).mean()) > 0.99  # a factor above 1 is that rare


def test_a_teacher_counts():
    base, pulled = play(), play(["distillation"])
    share = pulled.cost.sel(cost_component="teacher") / pulled.cost.sel(cost_component="accelerators")
    np.testing.assert_allclose(share, pulled.teacher_ratio, rtol=1e-12)
    assert changed(base, pulled, "input") == {"tokens"}


def test_a_teacher_is_amortized_over_the_shortened_run_whatever_was_stated():
    pulled = play(["distillation"], programme={"teacher_ratio": 0.5})
    assert pulled.equals(play(["distillation"]))
    (row,) = [row for row in table("levers").of("distillation") if row.quantity == "teacher_ratio"]
    law = resolve(parse_scenario({**BASE, "levers": ["distillation"]})).inputs["teacher_ratio"].value.law
    np.testing.assert_allclose(law.cdf(np.array([row.low, row.high])), [0.05, 0.95], rtol=1e-9)
    assert row.low < pulled.teacher_ratio.median() < row.high
    assert pulled.teacher_ratio.attrs["source"].startswith(row.source)
    assert (pulled.cost.sel(cost_component="teacher") > 0).all()
    with pytest.raises(ConfigError, match="needs teacher, which components switches off"):
        play(["distillation"], components={"teacher": False})


@pytest.mark.parametrize("work", [{"flop": 1e22, "mfu": 0.4}, {"device_hours": 1e5}, {"params": 7e9, "tokens": 1e12, "mfu": 0.4}])
@pytest.mark.parametrize("lever", ["pruning", "distillation", "transfer_learning", "data_efficiency"])
def test_less_data_is_less_work_however_it_is_stated(work, lever):
    stated = dict.fromkeys(("params", "tokens", "mfu")) | work
    never = {"failure_rate": 0, "checkpoint_time": 0, "checkpoint_interval": 1}
    base, pulled = (play(levers, workload=stated, reliability=never) for levers in ([], [lever]))
    np.testing.assert_allclose(pulled.device_hours, base.device_hours * pulled.lever_factor.isel(lever_effect=0), rtol=1e-12)
    assert pulled.sizes["lever_effect"] == 1


def test_another_place_keeps_fees_and_takes_the_residual_mix_that_it_knows():
    own = {
        "compute": {"basis": "own", "rental_price": None, "accelerator_price": 30_000}, "grid": {"region": "US-TX"},
        "energy": {"grid_fee": "0.005 to 0.02", "demand_charge": "5 to 15"},
        "emissions": {"carbon_intensity": None, "residual_intensity": "0.3 to 0.58", "matched_share": 0.5},
    }  # fmt: skip
    base, france, quebec = play(**own), play(["region=FR"], **own), play(["region=CA-QC"], **own)
    assert changed(base, france, "input") == {"carbon_intensity", "electricity_price", "residual_intensity", "wue_off"}
    assert float(france.residual_intensity) == pytest.approx(0.01711)
    assert changed(base, quebec, "input") == {"carbon_intensity", "electricity_price", "wue_off"}
    assert "residual_intensity" not in quebec  # none is known: the average of the grid stands in for it
    np.testing.assert_allclose(quebec.emissions_market, 0.5 * quebec.emissions_location, rtol=1e-13)
    for name in ("grid_fees", "demand_charge"):
        assert (base.cost.sel(cost_component=name) == quebec.cost.sel(cost_component=name)).all(), name


def test_a_date_may_stand_where_another_place_does_not_read_it():
    hourly = {"emissions": {"carbon_intensity": None}, "grid": {"zone": "DE", "start_time": "2027-03-01"}, "reliability": {"method": None}}
    pulled = play(["region=CA-QC"], **hourly)
    assert float(pulled.carbon_intensity) == pytest.approx(0.0019)
    assert "start_time" not in pulled


@pytest.mark.parametrize("levers", [["open_data"], ["distillation"], ["open_data", "region=FR", "data_efficiency"]])
def test_a_result_tells_the_scenario_that_it_can_be_made_of_again(levers):
    data = with_changes(components={"data_licences": True})
    scenario = parse_scenario({**data, "levers": levers})
    again = parse_scenario(scenario.to_yaml())
    assert resolve(again).hash() == resolve(scenario).hash()


def test_renewables_change_the_market_based_figure_only():
    base = play(emissions={"matched_share": 0.2})
    pulled = play(["renewables"], emissions={"matched_share": 0.2})
    assert changed(base, pulled, "output") == {"emissions_market"}
    assert float((pulled.emissions_market < base.emissions_market).mean()) == 1.0


def test_open_data_costs_nothing_to_have():
    stated = {"data": {"data_licence_cost": 1e6, "data_acquisition_cost": 2e5, "stored_data": 50}}
    base, pulled = play(**stated), play(["open_data"], **stated)
    gone = {"data_licences", "data_acquisition"}
    for name in base.cost_component.values:
        a, b = (ds.cost.sel(cost_component=name).values for ds in (base, pulled))
        assert (b == 0).all() if name in gone else np.array_equal(a, b), name


def test_other_hardware_brings_its_own_figures():
    pulled = play(["hardware=B200"])
    assert float(pulled.peak_flops) == 2250e12
    assert pulled.rental_price.dims == ("draw",)
    assert pulled.rental_price.attrs["source"] != "stated"


@pytest.mark.parametrize(
    ("levers", "told"),
    [
        (["fp9"], "'fp9' is not a known lever. Did you mean fp8 or fp4"),
        (["fp8", "fp4"], "levers fp8 and fp4 exclude each other"),
        (["fp8", "fp8"], "lever fp8 is pulled twice"),
        (["region=Quebek"], "Did you mean CA-QC (Quebec)"),
        (["hardware=B2000"], "Did you mean B200"),
        (["region"], "lever region needs a region"),
        (["fp8=2"], "lever fp8 takes no argument"),
        (["distillation", "pruning"], "exclude each other"),
        (["pausing=0.8"], "never crossed"),
        ([{"region": "CA-QC", "zone": "FR"}], "is not a lever"),
        ([7], "is not a lever"),
        (["open_data"], "lever open_data changes nothing: none of data_acquisition, data_licences, data_scraping is in this scenario"),
        (["start=2027-07-01"], "changes start_time, which this scenario does not read"),
    ],
)
def test_bad_levers_are_told(levers, told):
    with pytest.raises(ConfigError, match="problem") as caught:
        play(levers)
    assert told in str(caught.value)


def test_a_lever_needs_hardware_that_has_it():
    for device in ("A100 SXM 80GB", "Gaudi 3"):  # whose fp8 peak is that of bf16
        with pytest.raises(ConfigError, match=f"no fp8 peak of {device} is known that is above its bf16 peak.*hardware="):
            play(["fp8"], hardware={"accelerator": device})


def test_a_lever_of_precision_starts_from_bf16():
    fp8 = {"accelerator": "H100 SXM", "peak_flops": "1979 TFLOP/s"}
    for lever in ("fp8", "fp4", "hardware=B200"):
        with pytest.raises(ConfigError, match=f"lever {lever} is measured from bf16, and the stated peak_flops is 2 times the bf16 peak"):
            play([lever], hardware=fp8)
    play(["fp8"], hardware=fp8 | {"peak_flops": "989 TFLOP/s"})


def test_a_lever_that_changes_nothing_is_told():
    hours = {"params": None, "tokens": None, "mfu": None, "device_hours": 1e5}
    with pytest.raises(ConfigError, match="lever sparse_pretraining changes params_active or flop, which this scenario does not read"):
        play(["sparse_pretraining"], workload=hours)
    with pytest.raises(ConfigError, match="lever hardware=B200 changes no work: device_hours are hours of the accelerator"):
        play(["hardware=B200"], workload=hours)


def test_levers_of_a_file_and_of_the_command_line_add_up(tmp_path):
    config = tmp_path / "x.yaml"
    scenario = parse_scenario({**BASE, "levers": ["fp8", {"region": "CA-QC"}]})
    config.write_text(scenario.to_yaml())
    again = load_scenario(config, levers=["data_efficiency"])
    assert again.levers == ("fp8", "region=CA-QC", "data_efficiency")
    assert resolve(load_scenario(config)).hash() == resolve(scenario).hash()
    with pytest.raises(ConfigError, match=r"--lever zone=FR.*exclude each other"):
        load_scenario(config, levers=["zone=FR"])
