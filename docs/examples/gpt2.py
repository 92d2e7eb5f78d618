"""GPT-2 of the package transformers, small and with random weights, as a function of its width.

widthscope mup gpt2.py:standard --mend
widthscope mup gpt2.py:corrected
"""

import torch
from transformers import GPT2Config, GPT2LMHeadModel

BASE, HEAD, VOCABULARY, TOKENS = 32, 16, 64, 8


def standard(width: int, tie: bool = True, layers: int = 2) -> GPT2LMHeadModel:
    """Layers with heads of a fixed dimension; the readout shares its weight with the embedding."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_positions=TOKENS,
            n_embd=width,
            n_head=width // HEAD,
            n_layer=layers,
            tie_word_embeddings=tie,
            bos_token_id=None,
            eos_token_id=None,
        )
    )


def batch(seed: int) -> dict[str, torch.Tensor]:
    """Random tokens to predict."""
    tokens = torch.randint(VOCABULARY, (2, TOKENS))
    return {"input_ids": tokens, "labels": tokens}


def corrected(
    width: int, rate: float = 0.003, layers: int = 2
) -> tuple[GPT2LMHeadModel, torch.optim.Optimizer]:
    """The same network in maximal update for Adam, relative to the width BASE, its readout on its own."""
    model, growth = standard(width, tie=False, layers=layers), width / BASE
    hidden = [layer.weight for block in model.transformer.h for layer in _matrices(block)]
    readout = model.lm_head.weight
    with torch.no_grad():
        for weight in hidden:
            weight *= growth**-0.5
        readout.zero_()  # its own scale would go as 1 / growth; from zero it is flat sooner
    narrower = {id(weight) for weight in [*hidden, readout]}
    others = [weight for weight in model.parameters() if id(weight) not in narrower]
    return model, torch.optim.Adam(
        [{"params": [*hidden, readout], "lr": rate / growth}, {"params": others, "lr": rate}]
    )


def _matrices(block: torch.nn.Module) -> list[torch.nn.Module]:
    return [block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj]
