import numpy as np
import pytest
import torch

from widthscope.ensembles.members import Members, MembersError

GRID = Members.grid(seed=range(3), penalty=("none", "var"), rate=(0.1,))


def test_a_grid_has_all_combinations_the_last_factor_fastest():
    assert GRID.rows()[:3] == [(0, "none", 0.1), (0, "var", 0.1), (1, "none", 0.1)]
    assert len(GRID) == 6
    assert GRID.values("seed") == (0, 0, 1, 1, 2, 2)
    assert torch.equal(GRID.tensor("rate", dtype=torch.float64), torch.full((6,), 0.1, dtype=torch.float64))


def test_coordinates_lie_on_the_member_dimension():
    dim, values = GRID.coords()["penalty"]
    assert dim == "member"
    assert np.array_equal(values, ["none", "var"] * 3)


def test_members_are_found_and_taken_by_value():
    assert GRID.where(penalty="var") == [1, 3, 5]
    assert GRID.take([5, 0]).rows() == [(2, "var", 0.1), (0, "none", 0.1)]


def test_arms_of_one_seed_share_a_stream_and_seeds_do_not():
    drawn = [torch.rand(3, generator=g) for g in GRID.generators("study", "weights")]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    own = [torch.rand(3, generator=g) for g in GRID.generators("study", "weights", by=("seed", "penalty"))]
    assert not torch.equal(own[0], own[1])


def test_a_members_stream_does_not_depend_on_the_others():
    alone = Members.grid(seed=[2], penalty=["var"], rate=[0.1])
    assert alone.keys("weights") == [GRID.keys("weights")[5]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Members({}), "one value of each factor"),
        (lambda: Members.grid(seed=[]), "one value of each factor"),
        (lambda: Members({"seed": (1, 2), "rate": (0.1,)}), r"'seed': 2, 'rate': 1"),
        (lambda: Members.grid(seed=[1, 1]), r"two members are alike: \{'seed': 1\}"),
        (lambda: GRID.values("lr"), "no factor 'lr'; there are seed, penalty, rate"),
    ],
)
def test_what_is_no_table_of_members_is_refused(make, message):
    with pytest.raises(MembersError, match=message):
        make()
