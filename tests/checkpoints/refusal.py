"""How tests see that a checkpoint is refused: in one sentence."""

from pathlib import Path

import pytest

from widthscope.checkpoints.opening import open_checkpoint
from widthscope.errors import CheckpointError

QUERY = "model.layers.0.self_attn.q_proj.weight"
KEY = "model.layers.0.self_attn.k_proj.weight"
KEYS = "model.layers.{layer}.self_attn.k_proj.weight"


def read_all(path: Path, **how: object) -> None:
    for layer in open_checkpoint(path, **how).layers:
        layer.read()


def refused(path: Path, **how: object) -> str:
    """The sentence; it is one, and it names the file."""
    with pytest.raises(CheckpointError) as error:
        read_all(path, **{"heads": 4, **how})
    sentence = str(error.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    assert ". " not in sentence.replace("torch.save(model.state_dict(), ...)", "")
    assert len(sentence) < 400 + 3 * len(str(path))
    return sentence
