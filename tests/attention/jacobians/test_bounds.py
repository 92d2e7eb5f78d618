import dataclasses

import pytest
import torch
from tests.models.recurrence.drawn import name_of, parameters_of, states_of

from widthscope.attention.jacobians.bounds import (
    attention_bound,
    large_step_bound,
    large_step_limit,
    normalised_bound,
)
from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.attention.jacobians.update import update_jacobian
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.rule import RecurrenceError, Rule
from widthscope.models.recurrence.update import before_norm, iterate

POST = [Rule(norm=norm, weights=w) for norm in ("unit", "rms", "ln") for w in ("free", "symmetric")]


def measured(rule, scale, step, seed):
    """Parameters, state, MSA and the norms of both Jacobians at random weights of some scale."""
    parameters, (state, drive) = parameters_of(rule, seed=seed), states_of(rule, seed=seed)
    parameters = {n: v * scale if n in ("query", "value") else v for n, v in parameters.items()}
    if "query_bias" in parameters:
        parameters["query_bias"] = torch.zeros_like(parameters["query_bias"])
    parameters["step"] = parameters["step"] * step
    state = iterate(rule, parameters, state, drive, 2)
    seen = attended(rule, parameters, state)
    of_attention = torch.linalg.matrix_norm(attention_jacobian(rule, parameters, state), 2)
    of_step = torch.linalg.matrix_norm(update_jacobian(rule, parameters, state, drive), 2)
    return parameters, state, drive, seen, of_attention, of_step


@pytest.mark.parametrize("rule", POST, ids=name_of)
def test_the_bounds_hold_at_random_gains_steps_and_scales(rule):
    ratios = []
    for seed in range(7):
        for scale, step in ((0.3, 1.0), (1.0, 0.2), (3.0, 5.0)):
            parameters, state, drive, seen, of_attention, of_step = measured(rule, scale, step, seed)
            moved = before_norm(rule, parameters, state, drive, seen)
            ratios.append(of_step / normalised_bound(rule, parameters, moved, of_attention))
            assert (of_attention <= attention_bound(rule, parameters, state)).all()
            if rule.norm != "ln":
                bound = large_step_bound(rule, parameters, drive + seen, of_attention)
                assert (of_step <= bound).all()
    assert float(torch.stack(ratios).max()) <= 1
    assert float(torch.stack(ratios).max()) > 0.5  # a bound that is far from every draw would test nothing


def test_the_bound_is_reached_where_only_the_norm_acts():
    """Without attention and drive J = (gain / |x|) (I - u u^T), of norm max gain / |x| for gain beside u."""
    rule = Rule()
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    parameters["step"] = torch.zeros_like(parameters["step"])
    parameters["gain"] = torch.full_like(parameters["gain"], 1.7)
    found = torch.linalg.matrix_norm(update_jacobian(rule, parameters, 2 * state, drive), 2)
    bound = normalised_bound(rule, parameters, 2 * state, torch.ones_like(found))
    torch.testing.assert_close(found, torch.full_like(found, 0.85))
    torch.testing.assert_close(bound, found)


def test_the_bound_of_large_steps_falls_to_its_limit_and_is_infinite_for_small_ones():
    rule = Rule()
    parameters, _, drive, seen, of_attention, _ = measured(rule, 1.0, 1.0, 0)
    force = drive + seen
    limit = large_step_limit(rule, parameters, force, of_attention)
    for step, close in ((1e3, 0.2), (1e8, 1e-6)):
        large = {**parameters, "step": torch.full_like(parameters["step"], step)}
        bound = large_step_bound(rule, large, force, of_attention)
        assert (bound > limit).all()
        torch.testing.assert_close(bound, limit, rtol=close, atol=0)
    small = {**parameters, "step": torch.full_like(parameters["step"], 1e-3)}
    assert torch.isinf(large_step_bound(rule, small, force, of_attention)).all()


def test_attentions_bound_equals_its_formula_for_one_head_without_scores():
    rule = Rule()
    parameters, (state, _) = parameters_of(rule, heads=1, projection_biases=False), states_of(rule)
    parameters["query"] = torch.zeros_like(parameters["query"])
    norms = [torch.linalg.matrix_norm(parameters[name][:, 0], 2) for name in ("value", "output")]
    expected = (3 * 5) ** 0.5 * norms[0] * norms[1]
    torch.testing.assert_close(attention_bound(rule, parameters, state), expected[:, None].expand(2, 3))


def test_bounds_say_for_which_rules_they_hold():
    rule = Rule()
    parameters, (state, _) = parameters_of(rule), states_of(rule)
    norm = torch.ones(2, 3, dtype=torch.float64)
    for other in (Rule("akorn"), Rule(norm="none"), Rule(place="pre")):
        with pytest.raises(
            RecurrenceError, match="holds for itrsa with norm unit or rms or ln after the step"
        ):
            normalised_bound(other, parameters, state, norm)
    with pytest.raises(RecurrenceError, match="not for itrsa with norm 'ln'"):
        large_step_limit(dataclasses.replace(rule, norm="ln"), parameters, state, norm)
    with pytest.raises(RecurrenceError, match="set query_bias to 0"):
        attention_bound(rule, parameters, state)
