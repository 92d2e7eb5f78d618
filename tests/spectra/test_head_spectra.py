import tracemalloc
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr

from widthscope import store
from widthscope.spectra.head_spectra import COLUMNS, head_columns, head_spectra
from widthscope.spectra.query_key import eigenvalues, traces
from widthscope.spectra.scores import trace_score

DIMS = ("member", "step", "layer", "head", "head_dim", "width")


def weights(shape: tuple[int, ...], seed: int = 0) -> tuple[xr.DataArray, xr.DataArray]:
    values = np.random.default_rng(seed).standard_normal((2, *shape), dtype=np.float32)
    coords = {"step": 10 * np.arange(shape[1]), "seed": ("member", np.arange(shape[0]))}
    query, key = (xr.DataArray(value, dims=DIMS, coords=coords) for value in values)
    return query, key


def test_every_head_gets_its_own_numbers() -> None:
    query, key = weights((2, 3, 2, 2, 4, 8))
    found = head_spectra(query, key)
    assert list(found) == list(COLUMNS)
    assert found.eigenvalues.dims == (*DIMS[:-2], "eigenvalue")
    assert found.ks.dims == DIMS[:-2]
    one = {"member": 1, "step": 2, "layer": 0, "head": 1}
    q, k = query.isel(one).values, key.isel(one).values
    np.testing.assert_allclose(found.eigenvalues.isel(one), eigenvalues(q, k), rtol=1e-12)
    assert float(found.trace_score.isel(one)) == pytest.approx(float(trace_score(traces(q, k), 8)))
    np.testing.assert_array_equal(found.step, [0, 10, 20])
    np.testing.assert_array_equal(found.seed, [0, 1])
    assert found.trace_score.attrs["long_name"].startswith("z =")


@pytest.mark.parametrize("batch_bytes", [1, 2**12, 2**30])
def test_batches_do_not_change_a_digit(batch_bytes: int) -> None:
    query, key = (array.values for array in weights((2, 5, 1, 3, 4, 8)))
    found, whole = head_columns(query, key, batch_bytes=batch_bytes), head_columns(query, key)
    for name in COLUMNS:
        np.testing.assert_array_equal(found[name], whole[name])


@pytest.mark.parametrize(
    "chunks",
    [{}, {"step": 2}, {"head_dim": 3, "width": 5}, {"member": 1, "head": 1}],
    ids=["whole", "steps", "inside heads", "heads"],
)
def test_lazy_weights_give_lazy_spectra_of_equal_numbers(chunks: dict[str, int]) -> None:
    query, key = weights((2, 5, 1, 3, 4, 8))
    lazy = head_spectra(query.chunk(chunks), key.chunk({"step": 1}))
    assert all(variable.chunks is not None for variable in lazy.data_vars.values())
    xr.testing.assert_identical(lazy.compute(), head_spectra(query, key))


def test_coordinates_in_blocks_of_their_own_do_not_matter() -> None:
    query, key = weights((2, 4, 1, 2, 4, 8))
    labels = xr.DataArray(np.arange(query.sizes["step"]), dims="step").chunk({"step": 1})
    lazy = [array.chunk({"step": 2}).assign_coords(label=labels) for array in (query, key)]
    np.testing.assert_array_equal(head_spectra(*lazy).trace.values, head_spectra(query, key).trace.values)


def test_one_lazy_side_is_enough() -> None:
    query, key = weights((1, 4, 1, 2, 4, 8))
    for pair in ((query, key.chunk({"step": 2})), (query.chunk({"step": 2}), key)):
        found = head_spectra(*pair)
        assert found.trace.chunksizes["step"] == (2, 2)
        xr.testing.assert_identical(found.compute(), head_spectra(query, key))


def test_dimensions_in_another_order() -> None:
    query, key = weights((2, 3, 1, 2, 4, 8))
    turned = query.transpose("width", "head", "step", "head_dim", "layer", "member")
    found = head_spectra(turned, key).transpose(*DIMS[:-2], "eigenvalue")
    np.testing.assert_array_equal(found.trace, head_spectra(query, key).trace)


def test_a_single_head_without_leading_dimensions() -> None:
    query, key = (array.isel(member=0, step=0, layer=0, head=0) for array in weights((1, 1, 1, 1, 4, 8)))
    found = head_spectra(query, key, scale=1.0)
    assert found.trace.shape == ()
    assert float(found.trace) == pytest.approx(float(traces(query.values, key.values, 1.0).trace))


def test_diverged_members_get_nan_and_leave_the_others() -> None:
    query, key = weights((3, 2, 1, 1, 4, 8))
    before = head_spectra(query, key)
    query[1, 1] = np.nan
    query[2] = np.inf
    after = head_spectra(query, key)
    for name in COLUMNS:
        np.testing.assert_array_equal(after[name][0], before[name][0])
        np.testing.assert_array_equal(after[name][1, 0], before[name][1, 0])
        assert np.isnan(after[name][1, 1]).all()
        assert np.isnan(after[name][2]).all()


def test_zero_heads_have_traces_and_no_scores() -> None:
    found = head_columns(np.zeros((2, 4, 8)), np.zeros((2, 4, 8)))
    for name in ("eigenvalues", "trace", "frobenius", "var_fro", "var_sym", "var_tr2"):
        np.testing.assert_array_equal(found[name], np.zeros_like(found[name]))
    for name in ("trace_score", "p_value", "concentration", "ks", "outliers", "positive_mass"):
        assert np.isnan(found[name]).all()


def test_weights_that_do_not_fit_are_refused() -> None:
    query, key = weights((1, 2, 1, 1, 4, 8))
    with pytest.raises(ValueError, match="head_dim"):
        head_spectra(query.rename(width="columns"), key)
    with pytest.raises(ValueError, match=r"step|align"):
        head_spectra(query, key.assign_coords(step=[0, 11]))


def peak_of_stored_heads(folder: Path, steps: int) -> tuple[int, int]:
    """Bytes of stored weights of 32 heads at these steps, and the peak while their spectra are stored."""
    values = np.random.default_rng(steps).standard_normal((1, steps, 4, 8, 4, 256), dtype=np.float32)
    query = xr.DataArray(values, dims=DIMS)
    swept = xr.Dataset({"query": query, "key": query.roll(step=1)})
    store.write(swept, folder / f"{steps}.zarr", folder / f"{steps}.json")
    expected = traces(values[0, -1], values[0, -2]).trace
    lazy = store.read(folder / f"{steps}.zarr", chunks={}).to_dataset()
    tracemalloc.start()
    try:
        with dask.config.set(scheduler="synchronous"):
            found = head_spectra(lazy["query"], lazy["key"])
            store.write(found, folder / "spectra.zarr", folder / "spectra.json")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kept = store.read(folder / "spectra.zarr", folder / "spectra.json").to_dataset()
    assert kept.eigenvalues.shape == (1, steps, 4, 8, 4)
    np.testing.assert_allclose(kept.trace[0, -1], expected, rtol=1e-12)
    return swept.nbytes, peak


def test_memory_does_not_grow_with_heads_and_steps(tmp_path: Path) -> None:
    """14,400 heads of 450 steps from a store to a store need what 4,800 need, but for what is found."""
    few, many = (peak_of_stored_heads(tmp_path, steps) for steps in (150, 450))
    assert many[0] - few[0] > 75e6
    # Numbers found of a head are 22 doubles to its weights' 1024, and zarr holds them more than once.
    assert many[1] - few[1] < 0.15 * (many[0] - few[0])
    assert many[1] < many[0] / 3
