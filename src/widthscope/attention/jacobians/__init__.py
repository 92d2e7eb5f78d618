"""Closed-form Jacobians of recurrent self-attention (docs/theory/jacobian_dynamics.md, 3.2-3.4).

A step is a chain of three linear maps: what each token feels of itself and of the norm (`token_maps`), what
attention carries between tokens (`attention_derivative`), put together by `linearised` for every model, and
laid out as one matrix by `assembly`. Use them through

| module | gives |
|---|---|
| `self_attention`, `update` | dense Jacobians of MSA and of one step |
| `tangents` | J v and J^T u of many tangents, without any matrix; the number of exact null directions |
| `dynamics` | a recurrent model as `spectra.dynamics.Dynamics` |
| `log_determinant` | sum and mean of all exponents that are not exactly -inf |
| `bounds` | bounds of the spectral norm |

States are (member, batch, token, width), and index i * width + a of a matrix is coordinate a of token i.
Work in float64. Nothing here is differentiable again.
"""
