"""The family from its plan to its figures: its verdicts, its controls, and settings that are refused."""

import fnmatch

import pytest
import xarray as xr
from pydantic import ValidationError

from widthscope.errors import StudyError
from widthscope.statistics.claims import judge
from widthscope.statistics.verdicts import Verdict
from widthscope.studies.jacobian_dynamics.energy.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.energy.experiment import run
from widthscope.studies.jacobian_dynamics.energy.figures import draw
from widthscope.studies.jacobian_dynamics.energy.fit import fit
from widthscope.studies.jacobian_dynamics.energy.plan import shards
from widthscope.studies.jacobian_dynamics.energy.settings import CounterExamples, Energy, Flows, Steps
from widthscope.work import Work

SMALL = Energy(
    flows=Flows(heads=2, heads_width=8, states=4, climb=15, betas=(1.0, 16.0)),
    counter_examples=CounterExamples(skews=8, angles=8),
    steps=Steps(iterations=60, betas=(8.0,)),
)


@pytest.fixture(scope="module")
def fitted() -> xr.DataTree:
    swept = {shard.name: run(shard.settings, {}, Work()) for shard in shards(SMALL, seed=101)}
    return xr.DataTree.from_dict(fit(swept, {}))


@pytest.fixture(scope="module")
def verdicts(fitted: xr.DataTree) -> dict[str, Verdict]:
    return {verdict.id.split("/")[1]: verdict for verdict in judge("jacobian_dynamics", "", CLAIMS, fitted)}


def test_descent_is_found_where_it_is_exact_and_nowhere_else(verdicts):
    found = {name: verdict.verdict for name, verdict in verdicts.items()}
    assert found.pop("energy-asymmetric-a") == "refuted"
    assert set(found.values()) == {"supported"}, found


def test_every_control_is_rejected_by_every_judged_test(verdicts):
    for claim in CLAIMS:
        for test in verdicts[claim.name].tests:
            if test.name in {judged.name for judged in claim.judged}:
                assert test.control is not None, (claim.name, test.name)
                assert test.control.verdict == "refuted", (claim.name, test.name)


def test_what_refutes_the_asymmetric_condition_is_the_condition_alone(verdicts):
    tests = {test.name: test.verdict for test in verdicts["energy-asymmetric-a"].tests}
    assert tests.pop("every-beta") == "refuted"
    assert set(tests.values()) == {"supported", "reported"}


def test_none_of_n_is_not_certainty(verdicts):
    low, high = verdicts["energy-single-identity"].interval
    assert low == 0
    assert 0.05 < high < 0.1


def test_every_claim_has_its_figure_with_words_for_it(fitted):
    drawings = draw(fitted)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    assert all(drawing.caption and drawing.alt for drawing in drawings.values())


def test_every_claim_names_shards_of_the_plan():
    names = [shard.name for shard in shards(Energy(), seed=0)]
    assert names == ["energy"]
    for claim in CLAIMS:
        assert all(fnmatch.filter(names, pattern) for pattern in claim.shards)


def test_large_sizes_are_shared_out_and_found_again():
    large = Energy(flows=Flows(draws=100_000))
    names = [shard.name for shard in shards(large, seed=0)]
    assert names == ["energy-flows", "energy-counter-examples", "energy-steps"]
    with pytest.raises(StudyError, match="experiment 'flows'"):
        fit({"energy-steps": xr.DataTree()}, {})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (lambda: Flows(heads=4, heads_width=24), "multiple of 4 heads = 16"),
        (lambda: Steps(small=(0.5, 1.0), large=(1.0, 2.0)), "must be below the least large one"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_in_a_sentence(settings, words):
    with pytest.raises(ValidationError, match=words):
        settings()
