"""Modules saved to a checkpoint, read back, and their scores rebuilt; also by wrong readings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xarray as xr

from widthscope.checkpoints.checkpoint import Checkpoint, LayerHeads
from widthscope.checkpoints.opening import open_checkpoint
from widthscope.streams import torch_generator
from widthscope.studies.qk_spectrum.loader.modules import CASES
from widthscope.studies.qk_spectrum.loader.modules.case import EPSILON, Case, Sizes
from widthscope.studies.qk_spectrum.loader.rebuilt_scores import Floats, rebuilt_scores, rotary_of
from widthscope.work import Work

UNITS = 50
"""The tolerance of a score: so many units in the last place, times d_h, times the largest score."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest errors of rebuilt scores, in tolerances of 50 eps d_h times the largest score.

    Scores are compared less their mean over the keys, which softmax ignores.

    Args:
        settings: `width`, `heads`, `key_heads`, `tokens`, `draws`, `seed`.
        datasets: none is read.
        work: its progress shows the draws; everything is computed on the CPU in float64.

    Returns:
        `error` (layout, draw) of the loader's reading and `wrong_error` (reading, draw) of wrong ones, with
        the names of the layout and of what is wrong as coordinates of `reading`.
    """
    sizes = Sizes(*(settings[name] for name in ("width", "heads", "key_heads", "tokens")))
    right: dict[str, list[float]] = {}
    wrong: dict[tuple[str, str], list[float]] = {}
    for draw in work.progress(range(settings["draws"]), total=settings["draws"], description="loader"):
        for layout, make in CASES.items():
            case = make(sizes, torch_generator("qk_spectrum", "loader", settings["seed"], layout, draw))
            checkpoint, layer = read_back(case)
            right.setdefault(layout, []).append(error(case, checkpoint, layer))
            for what, misread in misreadings(case, layer):
                wrong.setdefault((layout, what), []).append(error(case, checkpoint, misread))
    return xr.Dataset(
        {
            "error": (("layout", "draw"), np.array(list(right.values()))),
            "wrong_error": (("reading", "draw"), np.array(list(wrong.values()))),
        },
        coords={
            "layout": np.array(list(right), dtype=np.str_),
            "read_layout": ("reading", np.array([layout for layout, _ in wrong], dtype=np.str_)),
            "what": ("reading", np.array([what for _, what in wrong], dtype=np.str_)),
            "draw": np.arange(settings["draws"]),
        },
        attrs={"units": UNITS, "head_dim": sizes.head_dim, "width": sizes.width, "heads": sizes.heads},
    )


def read_back(case: Case) -> tuple[Checkpoint, LayerHeads]:
    """Save a module's tensors, with a config beside them if it has one, and read its first layer."""
    from safetensors.torch import save_file

    with TemporaryDirectory() as name:
        folder = Path(name)
        save_file(case.tensors, folder / "model.safetensors")
        if case.config is None:
            checkpoint = open_checkpoint(folder / "model.safetensors", heads=case.scores.shape[0])
        else:
            (folder / "config.json").write_text(json.dumps(case.config), encoding="utf-8")
            checkpoint = open_checkpoint(folder)
        (layer,) = checkpoint.layers
        return checkpoint, layer.read()


def misreadings(case: Case, layer: LayerHeads) -> Iterator[tuple[str, LayerHeads]]:
    """Wrong readings: the case's own slicings, and a norm or a bias that is read but not used."""
    for what, (query, key) in case.wrong.items():
        yield what, replace(layer, query=query.numpy(), key=key.numpy())
    if layer.norm_gain is not None:
        yield "gain not folded", replace(layer, norm_gain=np.ones_like(layer.norm_gain))
    if layer.norm_kind == "layer":
        yield "not centred", replace(layer, norm_kind="rms")
    if layer.norm_bias is not None:
        yield "norm's bias dropped", replace(layer, norm_bias=None)
    if layer.query_bias is not None:
        yield "query's bias dropped", replace(layer, query_bias=None)


def error(case: Case, checkpoint: Checkpoint, layer: LayerHeads) -> float:
    """Largest difference of rebuilt and module's scores, in tolerances."""
    rotary = rotary_of(checkpoint) if case.offsets else None
    found = _centred(rebuilt_scores(layer, case.tokens.numpy(), EPSILON, rotary))
    scores = _centred(case.scores.numpy())
    tolerance = UNITS * np.finfo(np.float64).eps * layer.query.shape[-2] * np.abs(scores).max()
    return float(np.abs(found - scores).max() / tolerance)


def _centred(scores: Floats) -> Floats:
    return np.asarray(scores - scores.mean(axis=-1, keepdims=True))
