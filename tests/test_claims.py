"""Are the claims put to the configs as they are worded?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator import SamplingPlan, load_scenario, simulate
from simulator.analysis.claims import claims, event, findings_json, judge_claims, verdict
from simulator.cli import _run
from simulator.errors import InputError

CONFIGS = Path(__file__).parent.parent / "configs"
PLAN = SamplingPlan(draws=512, seed=0)


@pytest.fixture(scope="module")
def findings():
    return list(judge_claims(CONFIGS, PLAN))


def test_every_claim_has_a_source_a_config_and_a_verdict(findings):
    assert len({f.claim.name for f in findings}) == len(claims()) == len(findings) >= 15
    for f in findings:
        assert f.claim.claim
        assert len(f.claim.source) > 10
        assert (CONFIGS / f"{f.claim.config}.yaml").is_file()
        assert 0 <= f.probability.value <= 1
        assert f.band == tuple(sorted(f.band))
        assert event(f.claim)
    assert {f.verdict for f in findings} == {"holds", "likely", "unlikely", "false"}  # false ones are told too


def test_a_claim_is_a_share_of_the_draws(findings):
    ds = simulate(load_scenario(CONFIGS / "gpt4.yaml"), PLAN)
    found = {f.claim.name: f for f in findings}
    assert found["gpt4-past-100m"].probability.value == float((ds.cost_total > 1e8).mean())
    run = ds.cost.sel(cost_component=["accelerators", "interconnect", "electricity"]).sum("cost_component")
    assert found["gpt4-run-past-100m"].probability.value == float((run > 1e8).mean())
    share = ds.cost.sel(cost_component="electricity") / ds.cost_total
    assert found["energy-2-to-6-percent"].probability.value == float(((share > 0.02) & (share < 0.06)).mean())
    assert found["energy-2-to-6-percent"].band[1] == pytest.approx(float(np.quantile(share, 0.5)))


def test_a_lever_is_judged_on_the_same_draws(findings):
    base = simulate(load_scenario(CONFIGS / "gpt3.yaml"), PLAN)
    pulled = simulate(load_scenario(CONFIGS / "gpt3.yaml", levers=["hardware=H100 SXM"]), PLAN)
    (found,) = [f for f in findings if f.claim.name == "costs-decrease"]
    assert found.probability.value == float((pulled.cost_total < base.cost_total).mean())


def test_what_is_well_known_comes_out(findings):
    verdicts = {f.claim.name: f.verdict for f in findings}
    assert verdicts["millions"] == verdicts["billions"] == verdicts["five-cars"] == "holds"
    assert verdicts["five-cars-corrected"] == verdicts["gpt3-thousands-of-hours"] == "false"
    assert verdicts["gpt4-past-100m"] in ("likely", "holds")


def test_words():
    assert [verdict(p) for p in (1.0, 0.951, 0.95, 0.51, 0.5, 0.05, 0.049, 0.0)] == [
        "holds", "holds", "likely", "likely", "unlikely", "unlikely", "false", "false",
    ]  # fmt: skip


def test_the_command_line(capsys, findings):
    assert _run(["claims", "--configs", str(CONFIGS), "--draws", "512", "--json"], debug=False) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(findings_json(findings)))
    assert _run(["claims", "--configs", "nowhere"], debug=False) == 2
    assert "nowhere/gpt4.yaml does not exist" in capsys.readouterr().err
    with pytest.raises(InputError):
        list(judge_claims("nowhere", PLAN))
