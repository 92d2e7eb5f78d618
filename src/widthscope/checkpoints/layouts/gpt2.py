"""GPT-2's Conv1D: y = x W + b with W of shape (d, 3d), queries in the first d columns, keys in the next d.

The transpose of `stacked`.
"""

from dataclasses import replace

from widthscope.checkpoints.layouts.stacked import STACKED

GPT2 = replace(
    STACKED,
    name="gpt2",
    summary="one tensor (input, output) with columns [queries, keys, values] (GPT-2's Conv1D)",
    endings=(("c_attn.weight", "c_attn.weight"),),
    transposed=True,
)
