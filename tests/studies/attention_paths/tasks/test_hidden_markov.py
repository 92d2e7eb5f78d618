"""Chains and heads: what each head looks at, the noise by direction, and path inputs written out."""

import pytest
import torch

from widthscope.path_theory.attention import attention_matrices
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.tasks import hidden_markov as task
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains

SILENT = (0.0, 0.0, 0.0)


def drawn(chains: Chains, count: int, name: str = "tokens") -> torch.Tensor:
    return task.sequences(chains, task.classes(count), torch_generator("test", name))


def states_of(chains: Chains, tokens: torch.Tensor) -> torch.Tensor:
    """+1 or -1 for each token after the first, (P, T), of noiseless sequences."""
    half = chains.features // 2
    return torch.where(tokens[:, 1:, 0] > tokens[:, 1:, half], 1.0, -1.0)


def test_states_are_orthogonal_vectors_of_squared_length_f_after_a_token_without_features() -> None:
    chains = Chains(tokens=6, features=10, noise=SILENT)
    tokens = drawn(chains, 8)
    assert tokens.shape == (8, 7, 17)
    features, positions = tokens[..., :10], tokens[..., 10:]
    assert not features[:, 0].any()
    assert torch.equal(positions, torch.eye(7).double().expand(8, 7, 7))
    squares = features[:, 1:].square().sum(-1)
    torch.testing.assert_close(squares, torch.full_like(squares, 10.0))
    products = features[:, 1:] @ features[:, 1:].mT
    states = states_of(chains, tokens)
    same = (states[:, :, None] == states[:, None]).double()
    torch.testing.assert_close(products, 10 * same)


def test_states_stay_with_the_probability_of_their_class() -> None:
    chains = Chains(tokens=50, features=2, noise=SILENT)
    states = states_of(chains, drawn(chains, 2000))
    stayed = (states[:, 1:] == states[:, :-1]).double()
    error = 5 * (0.21 / (1000 * 49)) ** 0.5
    assert stayed[0::2].mean().item() == pytest.approx(0.7, abs=error)
    assert stayed[1::2].mean().item() == pytest.approx(0.3, abs=error)
    assert states[:, 0].mean().item() == pytest.approx(0.0, abs=5 / 2000**0.5)


def test_noise_has_its_own_strength_in_each_direction() -> None:
    noisy, silent = (Chains(tokens=20, features=8, noise=noise) for noise in ((0.5, 2.0, 3.0), SILENT))
    noise = (drawn(noisy, 1000) - drawn(silent, 1000))[:, 1:, :8].reshape(-1, 8)
    plus = torch.ones(8).double() / 8**0.5
    minus = torch.cat([plus[:4], -plus[4:]])
    across = noise - torch.outer(noise @ plus, plus) - torch.outer(noise @ minus, minus)
    strengths = [
        (noise @ plus).std(),
        (noise @ minus).std(),
        (across.square().sum() / (6 * len(noise))).sqrt(),
    ]
    for strength, wanted in zip(strengths, (0.5, 2.0, 3.0), strict=True):
        assert strength.item() == pytest.approx(wanted, rel=5 / (2 * len(noise)) ** 0.5)


def test_the_good_head_looks_at_the_previous_token_if_equal_and_else_at_the_beginning() -> None:
    chains = Chains(tokens=9, features=6, noise=SILENT)
    tokens = drawn(chains, 20)
    states = states_of(chains, tokens)
    weights = attention_matrices(tokens, task.same_token(chains)[None])[:, 0]
    equal = states[:, 1:] == states[:, :-1]
    for query in range(2, 10):
        previous, beginning = weights[:, query - 1, query], weights[:, 0, query]
        assert bool((torch.where(equal[:, query - 2], previous, beginning) > 0.9).all())
    assert bool((weights[:, 0, 1] > 0.9).all())


def test_scores_of_a_random_head_are_of_order_its_sharpness() -> None:
    chains = Chains()
    tokens = drawn(chains, 4)
    form = task.random_head(chains, torch_generator("test", "head"))
    scores = (tokens @ form @ tokens.mT / task.SHARPNESS)[:, 1:, 1:]
    # Squared lengths are 400 with the noise: 2 x 2 from features, 1 from positions, 2 + 2 from the blocks
    # across; the blocks of the position code are shared by many pairs, so the mean is only roughly that.
    assert scores.square().mean().item() == pytest.approx(9.0, rel=0.5)


def test_path_inputs_are_products_of_attention_written_out() -> None:
    chains = Chains(tokens=5, features=6)
    found = task.hidden_markov(chains, 3, 2, seed=101, data_seed=4)
    names = ("attention_paths", "hidden-markov", 101, 5, 6, 4)
    forms = task.bilinear_forms(chains, torch_generator(*names, "heads"))
    tokens = task.sequences(chains, task.classes(3), torch_generator(*names, "train"))
    for example in range(3):
        by_layer = [
            [(tokens[example] @ form @ tokens[example].T).softmax(dim=0) for form in layer] for layer in forms
        ]
        paths = [first @ second[:, -1] for first in by_layer[0] for second in by_layer[1]]
        for path, weights in enumerate(paths):
            wanted = weights @ tokens[example]
            torch.testing.assert_close(found.inputs[example, path], wanted, rtol=2e-5, atol=2e-5)
    assert found.inputs.shape == (3, 4, 12)
    assert found.test_inputs.shape == (2, 4, 12)
    assert found.labels.tolist() == [1.0, -1.0, 1.0]


def test_variants_see_the_same_sequences_and_the_same_random_head() -> None:
    four = task.hidden_markov(Chains(tokens=6, features=8), 5, 3, seed=101, data_seed=1)
    two = task.hidden_markov(
        Chains(tokens=6, features=8, heads=(("same", "random"), ("uniform",))), 5, 3, seed=101, data_seed=1
    )
    torch.testing.assert_close(two.inputs, four.with_paths([0, 2]).inputs)
    torch.testing.assert_close(two.test_inputs, four.with_paths([0, 2]).test_inputs)


def test_every_block_of_examples_is_there() -> None:
    chains = Chains(tokens=4, features=2)
    found = task.hidden_markov(chains, task.BLOCK + 3, 1, seed=101, data_seed=0)
    assert len(found.inputs) == len(found.labels) == task.BLOCK + 3
    assert bool(torch.isfinite(found.inputs).all())


def test_an_odd_number_of_features_is_refused() -> None:
    with pytest.raises(ValueError, match=r"features must be even, .* not 11"):
        Chains(features=11)
