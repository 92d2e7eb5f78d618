"""Exact samplers of one attention layer of any width, and of its limit (arXiv:2506.00846; theory notes 3.1,
3.2).

| sampler | random numbers per draw | use |
|---|---|---|
| `sample_naive` | all weights, O(H n^2) | the independent witness; weights that are not Gaussian |
| `sample_projection` | O(H s n) | any n, also n below the number of tokens |
| `sample_finite` (Bartlett) | O(H s^2), no n | everything else |
| `sample_single_token`, `sample_exchangeable_token` | O(H s) | one token's variance, long sequences |
| `sample_limit` | O(H s^2) | the limit law |
| `coupled_layers` | O(H s^2) | finite width and limit on common random numbers |

A draw is one realisation of all weights. Random numbers come from a CPU generator and are then moved, so a
device never changes them. A sampler holds all its draws at once: split large numbers with `chunks`.
"""

from widthscope.attention.sampling._bartlett import bartlett_factor, sample_finite, sample_limit
from widthscope.attention.sampling._coupled import CoupledLayers, coupled_layers
from widthscope.attention.sampling._frequencies import (
    characteristic_change,
    characteristic_function,
    mean_characteristic_function,
)
from widthscope.attention.sampling._layer import LayerDraws, chunks, normals, sample_given_scores
from widthscope.attention.sampling._naive import sample_naive
from widthscope.attention.sampling._projection import sample_projection
from widthscope.attention.sampling._single_token import (
    TokenDraws,
    sample_exchangeable_token,
    sample_single_token,
)

__all__ = [
    "CoupledLayers",
    "LayerDraws",
    "TokenDraws",
    "bartlett_factor",
    "characteristic_change",
    "characteristic_function",
    "chunks",
    "coupled_layers",
    "mean_characteristic_function",
    "normals",
    "sample_exchangeable_token",
    "sample_finite",
    "sample_given_scores",
    "sample_limit",
    "sample_naive",
    "sample_projection",
    "sample_single_token",
]
