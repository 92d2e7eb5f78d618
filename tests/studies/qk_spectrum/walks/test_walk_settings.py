"""What the settings refuse, and what the plan makes of them."""

import pytest

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.studies.qk_spectrum.walks.plan import shards
from widthscope.studies.qk_spectrum.walks.settings import Walks


def refusal(walks):
    with pytest.raises(ConfigError) as error:
        load({"run": "a", "studies": {"qk_spectrum": {"walks": walks}}}, "config.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("late", "late_eta", [0.001, 0.1, 1.0]),
        ("middle", "middle_eta", [0.01, 0.1]),
        ("softmax", "softmax_eta", 0.02),
    ],
)
def test_infeasible_spectra_stop_the_run_before_it_starts(section, key, value):
    said = refusal({"profiles": {key: value}})
    assert f"walks.profiles.{key}" in said
    assert "xi^2/rank" in said


@pytest.mark.parametrize(
    "walks",
    [
        {"profiles": {"grid": 24}},
        {"profiles": {"width": 63}},
        {"profiles": {"late_xi": 1.5}},
        {"profiles": {"middle_xi": 0.5}},
        {"rho": {"widths": [8, 32, 64]}},
        {"rho": {"tokens": 8, "positions": 8}},
        {"moments": {"batches": 4}},
    ],
)
def test_what_makes_no_sense_is_refused(walks):
    assert "walks" in refusal(walks)


def test_a_shard_has_all_that_it_reads_and_no_draws_of_another():
    found = {shard.name: shard for shard in shards(Walks(), 3)}
    assert set(found) == {"walks-formulas", "walks-profiles"}
    assert set(found["walks-formulas"].settings) == {"moments", "rho"}
    assert all(part["seed"] == 3 for part in found["walks-formulas"].settings.values())
    assert found["walks-profiles"].settings["late_eta"] == [0.01, 0.03, 0.1, 0.3, 1.0]
