"""What the workflow would run: one `Job` per product, with the settings and the source that decide it.

The Snakefile, ``widthscope explain`` and ``widthscope verify`` all ask this one object, so that they cannot
disagree. Imported at every parse of the Snakefile: nothing here may import torch, xarray or pandas.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from widthscope import studies
from widthscope.config import Config, resolved
from widthscope.datasets import catalogue
from widthscope.errors import StudyError
from widthscope.fingerprint import Fingerprint, fingerprint
from widthscope.source_tree import SourceTree
from widthscope.studies.base import Cost, Shard

PAGE_PARTS = {".j2", ".css", ".js", ".json"}
SHARD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
STORE_FILES = {"store": "zarr", "digest": "digest.json", "provenance": "provenance.json"}
SMALL = Cost(seconds=10, memory_mb=1000)


@dataclass(frozen=True)
class Job:
    """One job: what it makes, from what, and everything that decides the result.

    Attributes:
        rule, wildcards: the Snakemake rule and its wildcards.
        product: the small file that stands for the result (a digest, a list of claims, an index).
        outputs: every output by its name in the rule, the product and the provenance included.
        inputs: the products that the job reads.
        settings: the values that the job reads.
        entries: scripts and modules where its source starts; files: other files that decide the result.
        cost: expected time and memory of one attempt.
        datasets: names of the datasets that the job reads.
        tree: the source as it was when the plan was made.
    """

    rule: str
    wildcards: dict[str, str]
    product: str
    outputs: dict[str, str]
    inputs: tuple[str, ...]
    settings: dict[str, Any]
    entries: tuple[str, ...]
    files: tuple[str, ...] = ()
    cost: Cost = SMALL
    datasets: tuple[str, ...] = ()
    tree: SourceTree = field(default_factory=SourceTree, compare=False, repr=False)

    @property
    def provenance(self) -> str:
        """Path of the provenance file."""
        return self.outputs["provenance"]

    @cached_property
    def source(self) -> Fingerprint:
        """Fingerprint of the source that the job runs."""
        return fingerprint(self.entries, self.files, tree=self.tree)


class Plan:
    """All jobs of a run, by product.

    Args:
        config: the checked settings.
        config_file: name of the file that they came from.
        root: folder of the Snakefile, which holds `scripts/` and `report/`.

    Raises:
        StudyError: if a study has no plan, or its shards have names that are malformed or not distinct.
        DataError: if a shard reads a dataset that there is none of.
    """

    def __init__(self, config: Config, config_file: str = "config.yaml", root: Path = Path(".")) -> None:
        self.config = config
        self.config_file = config_file
        self.tree = SourceTree(root=root)
        self.results = f"results/{config.run}"
        self.shards = {slug: self._shards_of(slug) for slug in config.studies}
        self.jobs = {job.product: job for job in self._all_jobs()}
        self._by_rule = {(job.rule, *job.wildcards.values()): job for job in self.jobs.values()}

    def job(self, rule: str, **wildcards: str) -> Job:
        """The job of a rule with these wildcards.

        Raises:
            StudyError: if the plan has no such job.
        """
        try:
            return self._by_rule[(rule, *wildcards.values())]
        except KeyError:
            named = ", ".join(f"{key} '{value}'" for key, value in wildcards.items())
            raise StudyError(f"run '{self.config.run}' has no {rule} job for {named}") from None

    def products(self, study: str) -> list[str]:
        """What a reader wants of one study: its judged claims and its figures."""
        return [f"{self.results}/{study}/claims.json", f"{self.results}/{study}/figures.json"]

    def target(self, study: str) -> list[str]:
        """What `snakemake <study>` makes: its products, and the settings that the commands look up."""
        return [f"{self.results}/config.json", *self.products(study)]

    @property
    def report(self) -> str:
        """Path of the report page."""
        return f"{self.results}/report/index.html"

    @property
    def provenances(self) -> list[str]:
        """Provenance files of all jobs but the report itself."""
        return [job.provenance for job in self.jobs.values() if job.product != self.report]

    def _shards_of(self, slug: str) -> dict[str, Shard]:
        found: dict[str, Shard] = {}
        for shard in studies.load(slug, "plan").shards(self.config.studies[slug], self.config.seed):
            if not SHARD_NAME.fullmatch(shard.name):
                raise StudyError(
                    f"study '{slug}' has a shard '{shard.name}', but the name of a shard is letters, digits, "
                    "'-', '_' and '.', beginning with a letter or digit"
                )
            if shard.name in found:
                raise StudyError(f"study '{slug}' has two shards '{shard.name}', and each needs its own name")
            found[shard.name] = shard
        return found

    def _all_jobs(self) -> Iterable[Job]:
        yield self._record_config()
        every_shard = [shard for shards in self.shards.values() for shard in shards.values()]
        for name in sorted({name for shard in every_shard for name in shard.datasets}):
            yield self._prepare_dataset(name)
        for slug, shards in self.shards.items():
            yield from (self._sweep_widths(slug, shard) for shard in shards.values())
            yield self._fit_limits(slug)
            yield self._judge_claims(slug)
            yield self._draw_figures(slug)
        yield self._build_report()

    def _page_parts(self) -> list[str]:
        """The templates, style, script and schema that the page is built with."""
        folder = self.tree.root / "report"
        return sorted(path.name for path in folder.glob("*") if path.suffix in PAGE_PARTS)

    def _store(self, stem: str) -> dict[str, str]:
        return {kind: f"{stem}.{end}" for kind, end in STORE_FILES.items()}

    def _job(self, rule: str, product: str, outputs: dict[str, str], **fields: Any) -> Job:
        entries = (f"scripts/{rule}.py", *fields.pop("modules", ()))
        return Job(rule=rule, product=product, outputs=outputs, entries=entries, tree=self.tree, **fields)

    def _record_config(self) -> Job:
        product = f"{self.results}/config.json"
        return self._job(
            "record_config",
            product,
            {"config": product, "provenance": f"{self.results}/config.provenance.json"},
            wildcards={},
            inputs=(),
            settings={"config_file": self.config_file, "config": resolved(self.config)},
        )

    def _prepare_dataset(self, name: str) -> Job:
        outputs = self._store(f"{self.results}/datasets/{name}")
        return self._job(
            "prepare_dataset",
            outputs["digest"],
            outputs,
            wildcards={"dataset": name},
            inputs=(),
            settings=catalogue.settings_of(name, self.config),
            modules=(catalogue.card(name).module,),
        )

    def _sweep_widths(self, slug: str, shard: Shard) -> Job:
        outputs = self._store(f"{self.results}/{slug}/sweep/{shard.name}")
        return self._job(
            "sweep_widths",
            outputs["digest"],
            outputs,
            wildcards={"study": slug, "shard": shard.name},
            inputs=tuple(f"{self.results}/datasets/{name}.digest.json" for name in shard.datasets),
            settings={"shard": shard.settings, "entry": shard.entry, "device": self.config.device},
            modules=(f"widthscope.studies.{slug}.{shard.entry}",),
            cost=shard.cost,
            datasets=shard.datasets,
        )

    def _fit_limits(self, slug: str) -> Job:
        outputs = self._store(f"{self.results}/{slug}/fit")
        sweeps = (f"{self.results}/{slug}/sweep/{name}.digest.json" for name in self.shards[slug])
        return self._job(
            "fit_limits",
            outputs["digest"],
            outputs,
            wildcards={"study": slug},
            inputs=tuple(sweeps),
            settings=studies.stage_settings(self.config.studies[slug], "fit"),
            modules=(f"widthscope.studies.{slug}.fit",),
        )

    def _judge_claims(self, slug: str) -> Job:
        product = f"{self.results}/{slug}/claims.json"
        return self._job(
            "judge_claims",
            product,
            {"claims": product, "provenance": f"{self.results}/{slug}/claims.provenance.json"},
            wildcards={"study": slug},
            inputs=(f"{self.results}/{slug}/fit.digest.json",),
            settings=studies.stage_settings(self.config.studies[slug], "claims"),
            modules=(f"widthscope.studies.{slug}.claims", f"widthscope.studies.{slug}.about"),
        )

    def _draw_figures(self, slug: str) -> Job:
        folder = f"{self.results}/{slug}/figures"
        outputs = {"figures": folder, "index": f"{folder}.json", "provenance": f"{folder}.provenance.json"}
        return self._job(
            "draw_figures",
            outputs["index"],
            outputs,
            wildcards={"study": slug},
            inputs=(f"{self.results}/{slug}/fit.digest.json",),
            settings=studies.stage_settings(self.config.studies[slug], "figures"),
            modules=(f"widthscope.studies.{slug}.figures",),
        )

    def _build_report(self) -> Job:
        outputs = {
            "page": self.report,
            "claims": f"{self.results}/claims.json",
            "provenance": f"{self.results}/report/index.provenance.json",
        }
        products = (product for slug in self.shards for product in self.products(slug))
        return self._job(
            "build_report",
            outputs["page"],
            outputs,
            wildcards={},
            inputs=(f"{self.results}/config.json", *products),
            settings={"studies": list(self.shards)},
            modules=tuple(
                f"widthscope.studies.{slug}.{name}" for slug in self.shards for name in ("about", "claims")
            ),
            files=tuple(f"report/{name}" for name in self._page_parts()),
        )
