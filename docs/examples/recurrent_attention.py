"""Iterated self-attention with input and normalisation, of random weights: a layer that is applied to itself.

``python recurrent_attention.py`` writes a state for it.
"""

import torch

TOKENS, WIDTH, HEADS = 12, 32, 4
torch.manual_seed(0)
QUERY, KEY, VALUE, OUTPUT = torch.randn(4, HEADS, WIDTH, WIDTH // HEADS, dtype=torch.float64) / WIDTH**0.5
DRIVE = 0.5 * torch.nn.functional.normalize(torch.randn(TOKENS, WIDTH, dtype=torch.float64), dim=-1)


def step(state: torch.Tensor) -> torch.Tensor:
    """One update of all tokens, (tokens, width) -> (tokens, width), each of length one."""
    scores = (state @ QUERY) @ (state @ KEY).mT / (WIDTH // HEADS) ** 0.5
    attended = (torch.softmax(scores, dim=-1) @ (state @ VALUE) @ OUTPUT.mT).sum(0)
    return torch.nn.functional.normalize(state + DRIVE + attended, dim=-1)


if __name__ == "__main__":
    torch.save(torch.nn.functional.normalize(torch.randn(TOKENS, WIDTH), dim=-1), "tokens.pt")
