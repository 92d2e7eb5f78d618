"""Random streams: known answers, no collisions between names, and agreement with NumPy's Mersenne Twister."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from widthscope.streams import numpy_generator, seed_sequence, torch_generator

NAMES = st.lists(st.text(max_size=8) | st.integers() | st.floats(allow_nan=False), min_size=1, max_size=4)


def test_known_answers():
    names = ("limit_law", "rate", 7, 0.5)
    assert seed_sequence(*names).entropy == int(
        # sha256 of 'str:9:limit_law' 'str:4:rate' 'int:1:7' 'float:20:0x1.0000000000000p-1'
        "d3bcb98c9f304b200616f2130ef196cd9959d3808dacc11d61ff9ca64664bdb1",
        16,
    )
    assert numpy_generator(*names).integers(0, 1_000_000, 4).tolist() == [367379, 269288, 761489, 682642]
    drawn = torch.randint(0, 1_000_000, (4,), generator=torch_generator(*names))
    assert drawn.tolist() == [343502, 312278, 234528, 306132]


def test_names_that_look_alike_are_different_streams():
    alike = [
        ("a", 1), ("a1",), ("a", "1"), ("a", 1.0), (1, "a"), ("", "a1"), ("a1", ""), ("a", "int:1:1"),
    ]  # fmt: skip
    entropies = {seed_sequence(*names).entropy for names in alike}
    assert len(entropies) == len(alike)


@given(first=NAMES, second=NAMES)
def test_equal_names_and_only_those_share_a_stream(first, second):
    same = [(type(name), name) for name in first] == [(type(name), name) for name in second]
    assert (seed_sequence(*first).entropy == seed_sequence(*second).entropy) == same


def test_numpy_scalars_count_as_the_numbers_they_equal():
    assert seed_sequence("n", np.int32(64), np.float64(0.1)).entropy == seed_sequence("n", 64, 0.1).entropy


@pytest.mark.parametrize("name", [True, None, b"bytes", ("a",), np.bool_(True)])
def test_other_types_are_refused(name):
    with pytest.raises(TypeError, match="a stream is named by str, int and float"):
        seed_sequence("a", name)


def test_nan_and_no_name_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        seed_sequence(float("nan"))
    with pytest.raises(ValueError, match="at least one name"):
        seed_sequence()


def test_torch_draws_numpys_mersenne_twister():
    names = ("output-rate", 3, 256)
    raw = np.random.MT19937(seed_sequence(*names)).random_raw(1001)
    # NumPy first hands out the last word of the seeded state; Torch begins with the next block.
    expected = raw[1:] % 2**24
    drawn = torch.empty(1000, dtype=torch.int64).random_(0, 2**24, generator=torch_generator(*names))
    np.testing.assert_array_equal(drawn.numpy(), expected.astype(np.int64))


def test_torch_streams_differ_where_32_bits_of_the_seed_agree():
    """`manual_seed` keeps the low 32 bits of its seed, which is why the streams set the state."""
    collide = [torch.Generator().manual_seed(seed) for seed in (5, 5 + 2**32)]
    assert torch.equal(*(torch.rand(4, generator=generator) for generator in collide))
    drawn = [torch.rand(4, generator=torch_generator("stream", number)) for number in range(50)]
    assert all(not torch.equal(one, other) for one, other in itertools.combinations(drawn, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_streams_are_repeatable_independent_and_normal(dtype):
    def normals(*names):
        return torch.randn(20_000, generator=torch_generator(*names), dtype=dtype).double()

    first, second = normals("q", 0), normals("q", 1)
    assert torch.equal(first, normals("q", 0))
    for sample in (first, second):
        assert abs(sample.mean()) < 5 / 20_000**0.5
        assert abs(sample.var() - 1) < 5 * (2 / 20_000) ** 0.5
    assert abs((first * second).mean()) < 5 / 20_000**0.5


def test_a_stream_leaves_the_global_generators_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    torch.rand(3, generator=torch_generator("x"))
    assert torch.equal(torch.get_rng_state(), before)
