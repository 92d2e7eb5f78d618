"""Draws that all families of mup_local share, and slopes of each seed."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.datasets.digits import prepare
from widthscope.parameterisations.exponents import Exponents
from widthscope.studies.mup_local import networks
from widthscope.studies.mup_local.exponents_of_width import slope_evidence, slopes, without_smallest

PLAIN = (0.0, 0.0, 0.0)


def test_members_are_the_same_however_many_are_held_at_once(monkeypatch):
    (together,) = networks.members(("a", 1), 8, 5, 3, 4, 2)
    monkeypatch.setattr(networks, "ELEMENTS", 2 * 8**2)
    parts = list(networks.members(("a", 1), 8, 5, 3, 4, 2))
    assert [len(part["W1"]) for part in parts] == [2, 2, 1]
    for name in together:
        assert torch.equal(torch.cat([part[name] for part in parts]), together[name])


def test_only_the_readout_depends_on_the_parameterisation():
    (drawn,) = networks.members(("a", 1), 64, 200, 2, 4, 10)
    at_base = networks.parameterised(drawn, Exponents(1.0, PLAIN), 64, 0.3)
    assert torch.equal(at_base["W1"], drawn["W1"])
    assert float(at_base["W2"].std()) == pytest.approx(0.3 / 8, rel=0.02)
    smaller = networks.parameterised(drawn, Exponents(1.0, PLAIN), 16, 0.3)
    assert torch.allclose(smaller["W2"], at_base["W2"] / 2)  # (64/16)^(1/2 - 1)


def test_images_are_seen_by_all_members():
    batch = networks.images(prepare({}, Path()), 7)
    x, y = batch.of(3)
    assert x.shape == (3, 7, 64)
    assert y.shape == (3, 7, 10)
    assert torch.allclose(y.sum(dim=2), torch.zeros((), dtype=torch.float64), atol=1e-12)


def test_slopes_are_of_each_seed_and_missing_where_one_width_is():
    widths = np.array([16, 32, 64, 128])
    values = np.stack([3.0 * widths**-0.5, widths**1.0, 2.0 * widths**0.0], axis=1)
    table = xr.DataArray(values, dims=("width", "member"), coords={"width": widths})
    assert slopes(table) == pytest.approx([-0.5, 1.0, 0.0])
    assert slopes(without_smallest(table)) == pytest.approx([-0.5, 1.0, 0.0])
    assert without_smallest(table, 9)["width"].values.tolist() == [64, 128]
    table[2, 1] = np.nan
    table[0, 2] = 0.0
    assert np.isnan(slopes(table)).tolist() == [False, True, True]
    found = slope_evidence(["a"], [table], 0.0)
    assert np.isnan(found["estimate"].values).all()
