"""What the workflow would run: one `Job` per product, with the settings and the source that decide it.

The Snakefile, ``widthscope explain`` and ``widthscope verify`` all ask this one object, so that they cannot
disagree. Imported at every parse of the Snakefile: nothing here may import torch, xarray or pandas.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from widthscope import studies
from widthscope.config import Config, resolved
from widthscope.datasets import catalogue
from widthscope.errors import ConfigError, StudyError
from widthscope.source_tree import SourceTree
from widthscope.studies.base import Cost, Shard
from widthscope.workflow.checkpoint_jobs import checkpoint_jobs
from widthscope.workflow.jobs import Job, figure_files, store_files

PAGE_PARTS = {".j2", ".css", ".js", ".json"}
SHARD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Plan:
    """All jobs of a run, by product.

    Args:
        config: the checked settings.
        config_file: name of the file that they came from.
        root: folder of the Snakefile, which holds `scripts/` and `report/`.

    Raises:
        StudyError: if a study has no plan, or its shards have names that are malformed or not distinct.
        DataError: if a shard reads a dataset that there is none of.
        ConfigError: if a dataset is prepared otherwise than a shard relies on.
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
    def checkpoints(self) -> list[str]:
        """Names of the user's own models."""
        return [checkpoint.name for checkpoint in self.config.checkpoints]

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
            self._check_datasets(slug, shard)
            found[shard.name] = shard
        return found

    def _check_datasets(self, slug: str, shard: Shard) -> None:
        for path, wanted in shard.dataset_settings.items():
            found = self._dataset_setting(path)
            if found != wanted:
                raise ConfigError(
                    f"in {self.config_file}, datasets.{path} is {found}, but studies.{slug}.{path} is "
                    f"{wanted}; set both alike"
                )
        for path, (least, most) in shard.dataset_bounds.items():
            found = self._dataset_setting(path)
            if not least <= found <= most:
                bound = f"at least {least}" if found < least else f"at most {most}"
                raise ConfigError(
                    f"in {self.config_file}, datasets.{path} is {found}, but it must be {bound} for "
                    f"the sizes of job '{shard.name}' of studies.{slug}"
                )

    def _dataset_setting(self, path: str) -> Any:
        name, setting = path.split(".")
        return getattr(getattr(self.config.datasets, name), setting)

    def _all_jobs(self) -> Iterable[Job]:
        yield self._record_config()
        every_shard = [shard for shards in self.shards.values() for shard in shards.values()]
        for name in sorted({name for shard in every_shard for name in shard.datasets}):
            yield self._prepare_dataset(name)
        for slug, shards in self.shards.items():
            yield from (self._sweep_widths(slug, shard) for shard in shards.values())
            yield from (self._analyse_spectra(slug, shard) for shard in shards.values() if shard.spectra)
            yield self._fit_limits(slug)
            yield self._judge_claims(slug)
            yield self._draw_figures(slug)
        yield from checkpoint_jobs(self.config.checkpoints, self.results, self.tree)
        yield self._build_report()

    def _page_parts(self) -> list[str]:
        """The templates, style, script and schema that the page is built with."""
        folder = self.tree.root / "report"
        return sorted(path.name for path in folder.glob("*") if path.suffix in PAGE_PARTS)

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
        outputs = store_files(f"{self.results}/datasets/{name}")
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
        outputs = store_files(f"{self.results}/{slug}/sweep/{shard.name}")
        return self._job(
            "sweep_widths",
            outputs["digest"],
            outputs,
            wildcards={"study": slug, "shard": shard.name},
            inputs=tuple(f"{self.results}/datasets/{name}.digest.json" for name in shard.datasets),
            settings={"shard": shard.settings, "entry": shard.entry, "device": self.config.device},
            modules=(f"widthscope.studies.{slug}.{shard.entry}",),
            cost=self._on_device(shard.cost, shard),
            datasets=shard.datasets,
        )

    def _analyse_spectra(self, slug: str, shard: Shard) -> Job:
        outputs = store_files(f"{self.results}/{slug}/spectra/{shard.name}")
        return self._job(
            "analyse_spectra",
            outputs["digest"],
            outputs,
            wildcards={"study": slug, "shard": shard.name},
            inputs=(f"{self.results}/{slug}/sweep/{shard.name}.digest.json",),
            settings={
                "shard": shard.spectra_settings,
                "entry": shard.spectra,
                **({"device": self.config.device} if shard.spectra_device else {}),
            },
            modules=(f"widthscope.studies.{slug}.{shard.spectra}",),
            cost=self._on_device(shard.spectra_cost, shard) if shard.spectra_device else shard.spectra_cost,
        )

    def _on_device(self, cost: Cost, shard: Shard) -> Cost:
        """The cost on the run's device; ``auto`` is planned for as if there is a GPU."""
        if self.config.device == "cpu":
            return cost
        return replace(cost, seconds=cost.seconds / shard.gpu_speedup)

    def _fit_limits(self, slug: str) -> Job:
        outputs = store_files(f"{self.results}/{slug}/fit")
        shards = self.shards[slug].values()
        stores = [f"sweep/{shard.name}" for shard in shards]
        stores += [f"spectra/{shard.name}" for shard in shards if shard.spectra]
        return self._job(
            "fit_limits",
            outputs["digest"],
            outputs,
            wildcards={"study": slug},
            inputs=tuple(f"{self.results}/{slug}/{name}.digest.json" for name in stores),
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
        outputs = figure_files(f"{self.results}/{slug}/figures")
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
        products = [product for slug in self.shards for product in self.products(slug)]
        for name in self.checkpoints:
            products += [
                f"{self.results}/checkpoints/{name}.{end}" for end in ("digest.json", "figures.json")
            ]
        return self._job(
            "build_report",
            outputs["page"],
            outputs,
            wildcards={},
            inputs=(f"{self.results}/config.json", *products),
            settings={"studies": list(self.shards), "checkpoints": self.checkpoints},
            modules=tuple(
                f"widthscope.studies.{slug}.{name}" for slug in self.shards for name in ("about", "claims")
            ),
            files=tuple(f"report/{name}" for name in self._page_parts()),
        )
