"""Trace scores under rotation: multiplied out, against the library, and in batches."""

import numpy as np
import pytest

from widthscope.spectra.haar import frames
from widthscope.spectra.query_key import traces
from widthscope.spectra.scores import trace_score
from widthscope.statistics.rules import MatchesExact
from widthscope.studies.qk_spectrum.spectrum import fit_haar_null, haar_null
from widthscope.studies.qk_spectrum.spectrum.heads import aligned, gaussian
from widthscope.studies.qk_spectrum.spectrum.names import SHUFFLED, UNTURNED
from widthscope.work import Work

SETTINGS = {"width": 24, "head_dim": 6, "rotations": 6000, "batches": 20, "seed": 0}


@pytest.fixture(scope="module")
def table():
    return haar_null.run(SETTINGS, {}, Work())


def test_a_rotated_score_is_that_of_rotated_keys():
    generator = np.random.default_rng(0)
    query, key = aligned((3, 8), generator)
    rotations = frames(5, 8, 8, generator)
    expected = [float(trace_score(traces(query, key @ rotation), 8)) for rotation in rotations]
    assert haar_null.rotated_scores(query, key, rotations) == pytest.approx(expected)
    assert haar_null.rotated_scores(query, key, np.eye(8)[None])[0] == pytest.approx(
        float(trace_score(traces(query, key), 8))
    )


def test_the_null_holds_for_heads_far_from_it(table):
    tests = fit_haar_null.tests(table)
    for name in ("mean", "variance", "initialisation"):
        assert MatchesExact(0.2, independent=False).judge(tests[name][0], 0.999).verdict == "supported", name
    assert float(np.abs(table.own[:3]).min()) > 4


def test_heads_that_are_not_rotated_refute_it(table):
    tests = fit_haar_null.tests(table)
    for name in ("mean", "variance", "initialisation"):
        assert MatchesExact(0.1, independent=False).judge(tests[name][1], 0.999).verdict == "refuted"


def test_shuffled_columns_keep_one_part_in_the_width(table):
    mean = table.score.mean("batch")
    error = float(table.score.sel(head=SHUFFLED).std("batch", ddof=1)) / np.sqrt(20)
    expected = float(mean.sel(head=UNTURNED)) / 24
    assert float(mean.sel(head=SHUFFLED)) == pytest.approx(expected, abs=5 * error)
    assert expected > 5 * error


def test_traces_at_initialisation_have_the_moments_of_the_notes():
    head_dim, width = 4, 9
    found = traces(*gaussian((200_000, head_dim, width), np.random.default_rng(1)))
    for name, values in haar_null.relative_traces(found, width).items():
        error = values.std() / np.sqrt(len(values))
        assert values.mean() == pytest.approx(fit_haar_null.INITIAL[name], abs=5 * error)


def test_chunks_do_not_change_how_many_rotations_are_drawn(table, monkeypatch):
    monkeypatch.setattr(haar_null, "CHUNK_NUMBERS", 24**2 * 70)
    again = haar_null.run({**SETTINGS, "batches": 12, "rotations": 1200}, {}, Work())
    assert float(np.abs(again.frobenius_square - 1).max()) < 0.1
