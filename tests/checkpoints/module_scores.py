"""What a model itself computes before its softmax, to compare with scores rebuilt from weights alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from widthscope.checkpoints.checkpoint import LayerHeads


@dataclass
class Seen:
    """Tokens that entered one attention, (batch, T, d), and its scores, (batch, H, T, T)."""

    tokens: np.ndarray
    scores: np.ndarray


def randomised(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model in float64 with every parameter drawn anew: biases and gains too, which start at 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model


@contextmanager
def recorded(model: nn.Module, stems: list[str]) -> Iterator[dict[str, Seen]]:
    """Record what enters each attention module and what it hands to the softmax."""
    seen: dict[str, Seen] = {}
    current: list[str] = []
    softmax = torch.nn.functional.softmax

    def entering(stem: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple, kwargs: dict) -> None:
            tokens = args[0] if args else kwargs["hidden_states"]
            seen[stem] = Seen(tokens.numpy(force=True), np.empty(0))
            current.append(stem)

        return hook

    def recording(scores: torch.Tensor, *args: object, **kwargs: object) -> torch.Tensor:
        if current:
            found = scores.numpy(force=True)
            seen[current.pop()].scores = found.reshape(-1, *found.shape[-3:])
        return softmax(scores, *args, **kwargs)

    hooks = [
        model.get_submodule(stem).register_forward_pre_hook(entering(stem), with_kwargs=True)
        for stem in stems
    ]
    torch.nn.functional.softmax = recording
    try:
        with torch.no_grad():
            yield seen
    finally:
        torch.nn.functional.softmax = softmax
        for hook in hooks:
            hook.remove()


def rebuilt(heads: LayerHeads, tokens: np.ndarray) -> np.ndarray:
    """Scores (batch, H, T, T) from the weights alone, up to what is constant over keys."""
    query = np.einsum("hid,btd->bhti", heads.query, tokens)
    if heads.query_bias is not None:
        query = query + heads.query_bias[:, None]
    key = np.einsum("hid,btd->bhti", heads.key, tokens)
    return heads.scale * np.einsum("bhsi,bhti->bhst", query, key)


def differences(heads: LayerHeads, seen: Seen, dtype: str = "float64") -> tuple[float, float]:
    """Largest difference of rebuilt and true scores, less their mean over visible keys; and its tolerance.

    The tolerance is 50 eps d_h times the largest score, as for every numerical identity of the study, with
    the eps of the dtype in which the module computes.
    """
    visible = seen.scores > -1e30
    assert visible.sum(-1).max() == visible.shape[-1], "the last token must see every key"
    own, true = (
        np.where(visible, scores - np.mean(scores, -1, where=visible, keepdims=True), 0.0)
        for scores in (rebuilt(heads, seen.tokens), seen.scores)
    )
    size = np.abs(seen.scores[visible]).max()
    return float(np.abs(own - true).max()), 50 * np.finfo(dtype).eps * heads.query.shape[1] * float(size)


def normed_moments(heads: LayerHeads, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square, over coordinates, of tokens with the norm's gain and bias taken off."""
    bare = (tokens - (0 if heads.norm_bias is None else heads.norm_bias)) / heads.norm_gain
    return bare.mean(-1), (bare**2).mean(-1)
