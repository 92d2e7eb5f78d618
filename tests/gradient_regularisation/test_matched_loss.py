"""Members are stopped at the two iterates that bracket a loss."""

import pytest
import torch

from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.matched_loss import (
    UntilLoss,
    current,
    interpolated,
    previous,
    with_previous,
)

RATES = (0.1, 0.2, 0.4)
TARGET = 0.03


def loss(parameters, batch):
    """Half the squared distance to 0: gradient descent multiplies the distance by 1 - rate."""
    return parameters["w"].square().sum(dim=1) / 2


def run(members, steps=60, momentum=0.0, target=TARGET):
    start = {"w": torch.ones(len(members), 2, dtype=torch.float64)}
    rates = members.tensor("rate", dtype=torch.float64)
    batch = {"rate": rates}
    step = GradientStep(loss, SGD(_rates(len(members), rates), momentum))
    return train(members, with_previous(start), UntilLoss(step, target), lambda k: batch, steps)


def _rates(count, rates):
    return torch.cat([rates, rates]) if count == 1 else rates


def test_members_stop_at_the_first_iterate_below_the_loss_beside_the_one_before():
    trained = run(Members.grid(rate=RATES))
    for place, rate in enumerate(RATES):
        values = [(1 - rate) ** k for k in range(61)]
        first = next(k for k, value in enumerate(values) if value**2 <= TARGET)
        assert current(trained.parameters)["w"][place].tolist() == pytest.approx([values[first]] * 2)
        assert previous(trained.parameters)["w"][place].tolist() == pytest.approx([values[first - 1]] * 2)


def test_a_member_that_never_comes_so_far_or_began_below_has_no_value_at_the_loss():
    trained = run(Members.grid(rate=(1e-3, 0.4)), steps=20)
    assert _at_target(trained.parameters).isnan().tolist() == [True, False]
    began_below = run(Members.grid(rate=RATES), target=5.0)
    assert torch.equal(current(began_below.parameters)["w"], torch.ones(3, 2, dtype=torch.float64))
    assert _at_target(began_below.parameters, 5.0).isnan().all()


def _at_target(parameters, target=TARGET):
    both = [{"w": each["w"]} for each in (previous(parameters), current(parameters))]
    losses = torch.stack([loss(each, {}) for each in both])
    return interpolated(target, losses, 2 * losses)


def test_interpolation_is_exact_for_what_is_linear_in_the_loss():
    trained = run(Members.grid(rate=RATES))
    assert _at_target(trained.parameters).tolist() == pytest.approx([2 * TARGET] * 3, rel=1e-12)


def test_interpolation_beats_the_first_iterate_below():
    """Gradient norms of steps of two lengths agree at a loss, not at their own first iterates below it."""
    trained = run(Members.grid(rate=RATES))
    norms = current(trained.parameters)["w"].square().sum(dim=1)
    assert (norms / (2 * TARGET) - 1).abs().max() > 0.01


def test_a_stopped_member_stays_while_others_go_on_even_with_momentum():
    short, long = (run(Members.grid(rate=RATES), steps=k, momentum=0.5) for k in (30, 60))
    assert torch.equal(short.parameters["w"], long.parameters["w"])
    assert (loss(current(long.parameters), {}) <= TARGET).all()
    assert (loss(previous(long.parameters), {}) > TARGET).all()


def test_members_do_not_depend_on_their_company():
    assert dependent_on_company(lambda members: run(members).parameters, Members.grid(rate=RATES)) == []


def test_once_all_members_stand_still_nothing_is_computed():
    calls = []

    def counted(parameters, batch):
        calls.append(1)
        return loss(parameters, batch)

    members = Members.grid(rate=(0.3, 0.4))
    start = {"w": torch.ones(2, 2, dtype=torch.float64)}
    step = UntilLoss(GradientStep(counted, SGD(members.tensor("rate", dtype=torch.float64))), TARGET)
    trained = train(members, with_previous(start), step, lambda k: {}, 1000)
    assert len(calls) < 10
    assert (trained.history["loss"].isel(update=-1) <= TARGET).all()


def test_a_target_that_no_loss_can_reach_is_refused():
    with pytest.raises(ValueError, match=r"target 0\.0 must be a loss above 0"):
        UntilLoss(GradientStep(loss, SGD(0.1)), 0.0)
