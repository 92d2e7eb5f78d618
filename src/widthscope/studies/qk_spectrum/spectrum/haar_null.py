"""Trace scores of heads whose keys are rotated at random, and traces at initialisation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.spectra.haar import frames
from widthscope.spectra.query_key import Traces, traces
from widthscope.spectra.scores import trace_score
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.spectrum.heads import aligned, gaussian, heavy_tailed, one_direction
from widthscope.studies.qk_spectrum.spectrum.names import ALIGNED, SHUFFLED, UNTURNED
from widthscope.work import Work

ROTATED = {"aligned": aligned, "heavy tails": heavy_tailed, "rank one": one_direction}
"""Heads that are rotated, one of each; none is Gaussian, and their own scores are far from zero."""

CHUNK_NUMBERS = 2**20
"""Entries of rotations held at once."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of z and z^2, and of the traces of Gaussian heads.

    Args:
        settings: `width`, `head_dim`, `rotations` (over all batches), `batches`, `seed`.
        datasets: none is read.
        work: its progress shows the batches done.

    Returns:
        `score`, `score_square` (batch, head), over the rotated heads, aligned heads not rotated, and aligned
        heads with shuffled columns; `trace`, `trace_square`, `trace_of_square`, `frobenius_square` (batch) of
        Gaussian heads over their standard deviation or mean at initialisation, and with the prefix `aligned`
        of aligned heads; `own` (head): z of the heads that are rotated, before.
    """
    width, head_dim, batches = settings["width"], settings["head_dim"], settings["batches"]
    names = ("spectrum.haar", settings["seed"], width, head_dim)
    fixed = {
        name: make((head_dim, width), numpy_generator("qk_spectrum", *names, name))
        for name, make in ROTATED.items()
    }
    draws = settings["rotations"] // batches
    chunk = max(1, CHUNK_NUMBERS // width**2)
    rows = []
    for batch in work.progress(range(batches), total=batches, description="batches of rotations"):
        generator = numpy_generator("qk_spectrum", *names, "batch", batch)
        sums: dict[str, FloatArray] = {}
        for start in range(0, draws, chunk):
            part = _sums(fixed, width, head_dim, min(chunk, draws - start), generator)
            sums = {name: value + sums.get(name, 0.0) for name, value in part.items()}
        rows.append({name: total / draws for name, total in sums.items()})
    dims = {"score": ("batch", "head"), "score_square": ("batch", "head")}
    own = [float(trace_score(traces(*pair), width)) for pair in fixed.values()] + [np.nan, np.nan]
    return xr.Dataset(
        {
            **{name: (dims.get(name, ("batch",)), np.stack([row[name] for row in rows])) for name in rows[0]},
            "own": ("head", own),
        },
        coords={"head": [*fixed, UNTURNED, SHUFFLED]},
        attrs={"width": width, "head_dim": head_dim, "rotations": draws},
    )


def rotated_scores(query: FloatArray, key: FloatArray, rotations: FloatArray) -> FloatArray:
    """z of tr(W_Q^T W_K O) for whole rotations O (N, d, d), by multiplying them out; (N,)."""
    turned = np.einsum("hd,hi,nid->n", query, key, rotations, optimize=True) / np.sqrt(len(query))
    norm = traces(query, key).frobenius
    return np.asarray(turned * np.sqrt(query.shape[-1]) / norm, dtype=np.float64)


def _sums(
    fixed: Mapping[str, tuple[FloatArray, FloatArray]],
    width: int,
    head_dim: int,
    draws: int,
    generator: np.random.Generator,
) -> dict[str, FloatArray]:
    """Sums over some draws of everything that `run` returns."""
    rotations = frames(draws, width, width, generator)
    scores = [rotated_scores(query, key, rotations) for query, key in fixed.values()]
    shape = (draws, head_dim, width)
    query, key = aligned(shape, generator)
    scores.append(trace_score(traces(query, key), width))
    order = np.argsort(generator.random((draws, width)), axis=-1)[:, None, :]
    shuffled = np.take_along_axis(key, order, axis=-1)
    scores.append(trace_score(traces(query, shuffled), width))
    z = np.stack(scores)
    initial = relative_traces(traces(*gaussian(shape, generator)), width)
    aligned_too = relative_traces(traces(query, key), width)
    return {
        "score": z.sum(1),
        "score_square": np.sum(z**2, axis=1),
        **{name: np.asarray(values.sum()) for name, values in initial.items()},
        **{f"{ALIGNED}_{name}": np.asarray(values.sum()) for name, values in aligned_too.items()},
    }


def relative_traces(found: Traces, width: int) -> dict[str, FloatArray]:
    """Of heads with N(0, 1) entries: four numbers whose means are 0, 1, 1 and 1 (theory notes 3.4,
    Traces)."""
    return {
        "trace": found.trace / np.sqrt(width),
        "trace_square": found.trace**2 / width,
        "trace_of_square": found.trace_of_square / width,
        "frobenius_square": found.frobenius_square / width**2,
    }
