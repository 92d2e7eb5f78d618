"""Laws of eigenvalues and singular values at small size, against the numbers of the notes."""

import numpy as np
import pytest

from widthscope.spectra import product_law, radial_law
from widthscope.statistics.rules import Above, Below, MatchesExact
from widthscope.studies.qk_spectrum.spectrum import fit_laws, laws
from widthscope.work import Work

SETTINGS = {"aspects": [1, 4, 12], "head_dims": [8, 64], "values": 1024, "seeds": 4, "seed": 0}


@pytest.fixture(scope="module")
def table():
    return laws.run(SETTINGS, {}, Work())


@pytest.mark.parametrize(("aspect", "distance"), [(1, 0.034), (4, 0.045), (12, 0.051)])
def test_distances_of_the_notes_from_the_radial_law(table, aspect, distance):
    found = table.radial_ks.sel(aspect=aspect, head_dim=64, law="law")
    assert float(found.mean()) == pytest.approx(distance, abs=4 * 0.008 / np.sqrt(4))


def test_distances_of_the_notes_from_wrong_laws(table):
    last = table.radial_ks.sel(head_dim=64).mean("sample")
    assert float(last.sel(aspect=1, law="circular")) == pytest.approx(0.26, abs=0.02)
    assert float(last.sel(aspect=4, law="square")) == pytest.approx(0.20, abs=0.02)


@pytest.mark.parametrize(("aspect", "distance"), [(4, 0.0118), (12, 0.0095)])
def test_distances_of_the_notes_from_the_singular_value_law(table, aspect, distance):
    found = table.product_ks.sel(aspect=aspect, head_dim=64)
    assert float(found.mean()) == pytest.approx(distance, abs=0.004)


def test_the_small_product_has_other_singular_values_unless_matrices_are_square(table):
    last = table.small_ks.sel(head_dim=64).mean("sample")
    assert float(last.sel(aspect=4)) == pytest.approx(0.55, abs=0.02)
    assert float(last.sel(aspect=12)) > 0.999
    assert float(last.sel(aspect=1)) < 0.03


def test_stored_moments_match_and_those_of_the_small_product_do_not():
    many = laws.run({**SETTINGS, "aspects": [1, 4], "head_dims": [8], "seeds": 24}, {}, Work())
    measured, control = fit_laws.singular_value_tests(many)["moments"]
    rule = MatchesExact(0.05, independent=False)
    assert rule.judge(measured, 0.999).verdict == "supported"
    assert rule.judge(control, 0.999).verdict == "refuted"


def test_rivals_are_told_apart_and_their_own_draws_refute(table):
    measured, control = fit_laws.eigenvalue_tests(table)["rivals"]
    assert Above(0.05).judge(measured, 0.99).verdict == "supported"
    assert Above(0.05).judge(control, 0.99).verdict == "refuted"


def test_distances_fall_and_those_from_rivals_do_not(table):
    measured, control = fit_laws.eigenvalue_tests(table)["slope"]
    assert np.all(measured.estimate < -0.35)
    assert Below(-0.2).judge(control, 0.99).verdict == "refuted"


def test_the_share_of_real_eigenvalues_is_that_of_the_notes(table):
    share = table.real_share.sel(head_dim=64).mean("sample")
    assert 0.1 < float(share.min()) < float(share.max()) < 0.2


def test_histograms_count_every_value_once(table):
    total = SETTINGS["values"] * SETTINGS["seeds"]
    assert np.all(table.product_counts.sum("cell") <= total)
    assert np.all(table.product_counts.sum("cell") > 0.99 * total)
    assert np.all(table.radial_counts.sum("cell") > 0.98 * total)
    for aspect in (1, 4):
        assert laws.radial_edges(aspect)[-1] > radial_law.edge(aspect)
        low, high = product_law.edges(aspect)
        edges = laws.product_edges(aspect)
        assert edges[0] <= low < high < edges[-1]


def test_the_cloud_is_one_seeds_eigenvalues_in_units_of_the_law(table):
    modulus = np.hypot(*np.moveaxis(table.cloud.sel(aspect=4).values, -1, 0))
    found = laws.radial_distances(modulus, 4)
    assert found == pytest.approx(table.radial_ks.sel(aspect=4, head_dim=64).isel(sample=0).values.tolist())


def test_other_sizes_and_aspects_change_no_number(table):
    alone = laws.run({**SETTINGS, "aspects": [4], "head_dims": [64], "seeds": 2}, {}, Work())
    assert np.array_equal(
        alone.radial_ks.sel(aspect=4, head_dim=64), table.radial_ks.sel(aspect=4, head_dim=64)[:2]
    )
