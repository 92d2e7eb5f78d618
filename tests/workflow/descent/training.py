"""Train one width, keeping the state of every step for the job that comes after a killed one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.files import atomic_write_json, read_json
from widthscope.streams import numpy_generator
from widthscope.studies.descent.loop import step
from widthscope.work import Work


def run(settings: dict[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """The weights after every step, `weights` (step, width)."""
    assert work.unfinished is not None
    path = work.unfinished / "state.json"
    kept = read_json(path) if path.exists() else {}
    history = kept["history"] if kept.get("identity") == work.identity else [[0.0] * settings["width"]]
    print(f"training starts at step {len(history) - 1}", flush=True)
    while len(history) <= settings["steps"]:
        noise = numpy_generator("descent", settings["seed"], settings["width"], len(history))
        history.append(step(np.asarray(history[-1]), noise, settings["pause"]).tolist())
        atomic_write_json(path, {"identity": work.identity, "history": history})
    return xr.Dataset({"weights": (("step", "width"), np.asarray(history))})
