"""Attention modules of the layouts that checkpoints come in, each with its own forward pass.

They are written from the published architectures and know nothing of the loader. `CASES` makes one of each.
"""

from collections.abc import Callable

import torch

from widthscope.studies.qk_spectrum.loader.modules import fused, rotary, separate
from widthscope.studies.qk_spectrum.loader.modules.case import Case, Sizes

CASES: dict[str, Callable[[Sizes, torch.Generator], Case]] = {
    "GPT-2": fused.gpt2,
    "GPT-NeoX": fused.neox,
    "Falcon": fused.falcon,
    "MultiheadAttention": fused.multihead_attention,
    "ViT (timm)": fused.vision_transformer,
    "Phi-3": fused.phi,
    "Llama": separate.llama,
    "BERT": separate.bert,
    "T5": separate.t5,
    "RoPE half-split": rotary.half_split,
    "RoPE interleaved": rotary.interleaved,
}
"""By name of the layout."""
