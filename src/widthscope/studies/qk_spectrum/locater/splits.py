"""Training, validation and test parts of a text."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.errors import DataError

TEST, VALIDATION = (0.7, 0.8), (0.8, 1.0)
"""Which parts of a text that comes in one piece are held out.

The strength of the penalty was chosen, in the theory notes, on the last tenth of the same text, and the
trials that chose the scale of the embeddings saw losses on the tenth before it too. So the last fifth is the
validation part here, and the test part is a tenth that was in the training part of every trial.
"""


@dataclass(frozen=True)
class Splits:
    """The parts of a text, each (position,) numbers of symbols, and how many symbols there are."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    symbols: int


def splits(dataset: xr.Dataset, name: str, context: int) -> Splits:
    """The parts of a prepared dataset, ``text`` or ``wikitext2``.

    Args:
        dataset: as `widthscope.datasets` prepares it.
        name: which of the two it is; the second comes in its own three parts.
        context: tokens of a window.

    Raises:
        DataError: if a part is shorter than one window and its target.
    """
    if name == "wikitext2":
        parts = {"train": "train", "validation": "valid", "test": "test"}
        found = {part: dataset[stored].values for part, stored in parts.items()}
        symbols = int(dataset.attrs["words"])
    else:
        text = dataset["character"].values
        at = {share: round(share * len(text)) for share in (*TEST, *VALIDATION)}
        found = {
            "train": text[: at[TEST[0]]],
            "validation": text[at[VALIDATION[0]] : at[VALIDATION[1]]],
            "test": text[at[TEST[0]] : at[TEST[1]]],
        }
        symbols = dataset.sizes["symbol"]
    for part, values in found.items():
        if len(values) <= context:
            raise DataError(
                f"the {part} part of {name} has {len(values)} symbols, a context of {context} needs "
                f"{context + 1} or more"
            )
    return Splits(found["train"], found["validation"], found["test"], symbols)
