"""The update against loops over members, tokens, heads and oscillators."""

import dataclasses
import math

import pytest
import torch
from tests.models.recurrence.drawn import RULES, name_of, parameters_of, states_of

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import member_of, stacked
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import RecurrenceError, Rule
from widthscope.models.recurrence.update import iterate, prepared_state, update

rules = pytest.mark.parametrize("rule", RULES, ids=name_of)


def attended_by_loops(rule, p, X):
    """MSA of one state (token, width) of one member."""
    S, D = X.shape
    found = torch.zeros_like(X) + p.get("output_bias", 0)
    zero = torch.zeros(())
    if rule.weights == "symmetric":
        A = p["query"][0].T @ p["key"][0]
        A = (A + A.T) / 2
        maps = [(A, torch.eye(D, dtype=X.dtype), A, torch.eye(D, dtype=X.dtype), zero, zero, zero)]
    else:
        biases = [p.get(f"{name}_bias") for name in ("query", "key", "value")]
        maps = [
            (
                *(p[name][h] for name in ("query", "key", "value", "output")),
                *(zero if b is None else b[h] for b in biases),
            )
            for h in range(len(p["query"]))
        ]
    for query, key, value, output, bq, bk, bv in maps:
        for i in range(S):
            scores = torch.stack([(query @ X[i] + bq) @ (key @ X[j] + bk) for j in range(S)])
            P = (scores / math.sqrt(len(query))).softmax(0)
            found[i] += output.T @ sum(P[j] * (value @ X[j] + bv) for j in range(S))
    return found


def normalised_by_loops(rule, y, gain):
    if rule.norm == "none":
        return y
    if rule.norm == "ln":
        y = y - y.mean()
    length = 1 if rule.norm == "unit" else math.sqrt(len(y))
    return gain * length * y / y.norm()


def updated_by_loops(rule, p, X, C):
    gain, eta = p.get("gain"), p["step"]
    if rule.model == "akorn":
        force = C + attended_by_loops(rule, p, X)
        following = torch.empty_like(X)
        for i in range(len(X)):
            for n in range(0, X.shape[1], rule.oscillator):
                x, y = (t[i, n : n + rule.oscillator] for t in (X, force))
                turned = (
                    torch.stack([s for u in range(0, len(x), 2) for s in (x[u + 1], -x[u])]) * p["frequency"]
                )
                z = x + eta * (turned + y - (x @ y) * x)
                following[i, n : n + rule.oscillator] = z / z.norm()
        return following
    if rule.place == "pre":
        before = torch.stack([normalised_by_loops(rule, x, gain) for x in X])
        return X + eta * (C + attended_by_loops(rule, p, before))
    y = X + eta * (C + attended_by_loops(rule, p, X))
    return torch.stack([normalised_by_loops(rule, row, gain) for row in y])


@rules
def test_the_update_is_the_one_of_the_theory_notes(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    found, seen = update(rule, parameters, state, drive), attended(rule, parameters, state)
    for m, b in [(0, 0), (1, 2)]:
        p = member_of(parameters, m)
        torch.testing.assert_close(found[m, b], updated_by_loops(rule, p, state[m, b], drive[m, b]))
        torch.testing.assert_close(seen[m, b], attended_by_loops(rule, p, state[m, b]))


@rules
def test_float32_gives_the_same_to_its_precision_and_iterating_repeats_the_update(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    kept = iterate(rule, parameters, state, drive, 3, keep=True)
    expected = state
    for step in range(4):
        assert torch.equal(kept[step], expected)
        expected = update(rule, parameters, expected, drive)
    assert torch.equal(iterate(rule, parameters, state, drive, 3), kept[3])
    single = {name: values.float() for name, values in parameters.items()}
    found = update(rule, single, state.float(), drive.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), kept[1], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "rule", [Rule(), Rule(norm="rms"), Rule(norm="ln", place="pre"), Rule(weights="symmetric"), Rule("akorn")]
)
def test_a_members_states_and_gradients_are_the_same_whoever_shares_its_batch(rule, dtype):
    seeds = Members.grid(seed=range(7))

    def run(members):
        own = [parameters_of(rule, 1, 12, 3, seed=seed) for seed in members.values("seed")]
        parameters = {name: torch.cat([p[name] for p in own]).to(dtype).requires_grad_() for name in own[0]}
        pairs = [states_of(rule, 1, 5, 7, 12, dtype, seed) for seed in members.values("seed")]
        state, drive = (torch.cat(values) for values in zip(*pairs, strict=True))
        last = iterate(rule, parameters, state, drive, 3)
        loss = (last * drive).flatten(1).sum(1)
        gradients = torch.autograd.grad(loss.sum(), list(parameters.values()))
        return {"last": last.detach(), **dict(zip(parameters, gradients, strict=True))}

    assert dependent_on_company(run, seeds, groups=(2, 3)) == []


@rules
def test_inputs_are_left_alone_and_function_transforms_apply(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    copies = [values.clone() for values in (*parameters.values(), state, drive)]
    tangents = torch.randn(4, *state.shape, dtype=state.dtype)

    def push(v):
        return torch.func.jvp(lambda X: update(rule, parameters, X, drive), (state,), (v,))[1]

    together = torch.func.vmap(push)(tangents)
    h = 1e-6
    ahead, behind = (update(rule, parameters, state + s * h * tangents[2], drive) for s in (1, -1))
    torch.testing.assert_close(together[2], (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-7)
    for values, copy in zip((*parameters.values(), state, drive), copies, strict=True):
        assert torch.equal(values, copy)


def test_absent_gain_and_biases_are_one_and_zero():
    rule = Rule(norm="rms")
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    neutral = {
        name: torch.ones_like(v) if name == "gain" else torch.zeros_like(v) if "bias" in name else v
        for name, v in parameters.items()
    }
    bare = {name: v for name, v in parameters.items() if name != "gain" and "bias" not in name}
    torch.testing.assert_close(
        update(rule, neutral, state, drive), update(rule, bare, state, drive), rtol=0, atol=0
    )


def test_states_stay_where_the_norm_puts_them():
    for rule, length in [(Rule(), 1.0), (Rule(norm="rms"), math.sqrt(8)), (Rule(norm="ln"), math.sqrt(8))]:
        parameters, (state, drive) = parameters_of(rule), states_of(rule)
        del parameters["gain"]
        lengths = update(rule, parameters, state, drive).norm(dim=-1)
        torch.testing.assert_close(lengths, torch.full_like(lengths, length))
        lengths = prepared_state(rule, drive).norm(dim=-1)
        torch.testing.assert_close(lengths, torch.full_like(lengths, length))
    rule = Rule("akorn")
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    for found in (update(rule, parameters, state, drive), prepared_state(rule, drive)):
        lengths = found.unflatten(-1, (2, 4)).norm(dim=-1)
        torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_without_step_nothing_moves_and_a_wrong_width_is_refused():
    rule = Rule("akorn")
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    still = dataclasses.replace(rule), {**parameters, "step": torch.zeros(2, dtype=torch.float64)}
    torch.testing.assert_close(update(*still, state, drive), state)
    with pytest.raises(RecurrenceError, match="width 6 does not split"):
        update(rule, parameters, state[..., :6], drive[..., :6])
    with pytest.raises(RecurrenceError, match="width 8 does not split into 3 heads"):
        initial(rule, torch.Generator(), 8, 3)


def test_first_parameters_have_the_stated_variances_and_shapes():
    rule = Rule(norm="rms")
    drawn = initial(
        rule, torch.Generator().manual_seed(0), 96, 4, sigma=2.0, score_gain=3.0, projection_biases=True
    )
    scaled = {name: float(drawn[name].square().mean() * 96) for name in ("query", "key", "value", "output")}
    # 9216 entries: the variance is known to 1.5 %
    assert scaled == pytest.approx({"query": 9.0, "key": 1.0, "value": 2.0, "output": 2.0}, rel=0.06)
    assert drawn["query"].shape == (4, 24, 96)
    assert drawn["key_bias"].shape == (4, 24)
    assert torch.equal(drawn["gain"], torch.ones(96, dtype=torch.float64))
    assert "gain" not in initial(Rule(norm="none"), torch.Generator(), 8, 2)
    oscillating = initial(Rule("akorn"), torch.Generator(), 8, 2, frequency=0.5)
    assert float(oscillating["frequency"]) == 0.5
    assert "gain" not in oscillating
    symmetric = initial(Rule(weights="symmetric"), torch.Generator(), 8, 2)
    assert symmetric["query"].shape == (1, 4, 8)
    assert "value" not in symmetric
    assert stacked([symmetric, symmetric])["step"].shape == (2,)
