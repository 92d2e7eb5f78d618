"""A run made by hand: a dataset, a shard, a fit, claims and figures, with their records, and its plan."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr

from widthscope import provenance, store
from widthscope.files import atomic_write_json
from widthscope.source_tree import SourceTree
from widthscope.workflow.jobs import Job

RUN = "results/smoke"
DATASET = f"{RUN}/datasets/digits.digest.json"
SHARD = f"{RUN}/lab/sweep/rate.digest.json"
FIT = f"{RUN}/lab/fit.digest.json"
CLAIMS = f"{RUN}/lab/claims.json"
FIGURES = f"{RUN}/lab/figures.json"
ORDER = [DATASET, SHARD, FIT, CLAIMS, FIGURES]

SOURCES = {
    "__init__": "",
    "load": "def load():\n    return 1\n",
    "law": "def slope():\n    return -1\n",
    "sweep": "import numpy\nfrom lab import law\n",
    "fit": "from lab import law\n",
    "claims": "MARGIN = 0.1\n",
    "figures": "def draw():\n    return {}\n",
}


def claim(name: str = "lab/rate", estimate: float | None = -1.0, **other: Any) -> dict[str, Any]:
    return {"id": name, "estimate": estimate, "interval": [-1.1, -0.9], "verdict": "supported", **other}


@dataclass
class Lab:
    """The run, its plan as it is now, and ways to make a product as its job would."""

    root: Path
    settings: dict[str, Any] = field(default_factory=lambda: {"widths": [8, 16], "seed": 0})

    def plan(self) -> Any:
        tree = SourceTree({"lab": self.root / "lab"}, self.root)

        def job(rule: str, module: str, product: str, inputs: tuple[str, ...], **other: Any) -> Job:
            stem = product.removesuffix(".digest.json").removesuffix(".json")
            outputs = {"provenance": f"{stem}.provenance.json"}
            if product.endswith(".digest.json"):
                outputs |= {"store": f"{stem}.zarr", "digest": product}
            elif rule == "draw_figures":
                outputs |= {"figures": stem, "index": product}
            else:
                outputs |= {"claims": product}
            return Job(
                rule=rule,
                wildcards=other.pop("wildcards", {"study": "lab"}),
                product=product,
                outputs=outputs,
                inputs=inputs,
                settings=other.pop("settings", {}),
                entries=(f"lab.{module}",),
                tree=tree,
            )

        jobs = [
            job("prepare_dataset", "load", DATASET, (), wildcards={"dataset": "digits"}),
            job("sweep_widths", "sweep", SHARD, (DATASET,), settings={"shard": self.settings}),
            job("fit_limits", "fit", FIT, (SHARD,)),
            job("judge_claims", "claims", CLAIMS, (FIT,)),
            job("draw_figures", "figures", FIGURES, (FIT,)),
        ]
        return SimpleNamespace(jobs={one.product: one for one in jobs}, config=SimpleNamespace(run="smoke"))

    def make(self, product: str, content: Any = None) -> None:
        """Do what the product's job would do; `content` decides what comes out."""
        job = self.plan().jobs[product]
        if "store" in job.outputs:
            dataset = xr.Dataset({"value": ("x", np.arange(8.0) if content is None else np.asarray(content))})
            store.write(dataset, Path(job.outputs["store"]), Path(product))
        elif "figures" in job.outputs:
            svg = "<svg/>" if content is None else content
            folder = Path(job.outputs["figures"])
            folder.mkdir(exist_ok=True)
            (folder / "rate.svg").write_text(svg)
            digest = hashlib.sha256(svg.encode()).hexdigest()
            atomic_write_json(Path(product), [{"name": "rate", "caption": "", "alt": "", "sha256": digest}])
        else:
            atomic_write_json(Path(product), [claim()] if content is None else content)
        record = provenance.Provenance(
            product=product,
            rule=job.rule,
            wildcards=job.wildcards,
            settings=json.loads(json.dumps(job.settings)),
            source=job.source.record(),
            inputs=provenance.digests(job.inputs),
            outputs=provenance.digests(job.outputs.values()),
            seconds=1.0,
            peak_mb=100.0,
            started="2026-01-01T00:00:00+00:00",
            threads=1,
            device="cpu",
            host="here",
            platform="Linux",
            versions={"python": "3.11.7", "numpy": "2.0.0"},
            commit=None,
        )
        provenance.write(record, Path(job.provenance))

    def edit(self, module: str, old: str, new: str) -> None:
        path = self.root / "lab" / f"{module}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def make_lab(root: Path) -> Lab:
    (root / "lab").mkdir()
    for name, text in SOURCES.items():
        (root / "lab" / f"{name}.py").write_text(text)
    lab = Lab(root)
    for product in ORDER:
        lab.make(product)
    return lab
