"""What a run left on disk, read for the report: each study's claims, figures and costs, and the run itself.

Reading never fails because one study failed: what is missing or torn becomes that study's `problem`.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from widthscope import studies
from widthscope.errors import StoreError, WidthscopeError
from widthscope.files import read_json
from widthscope.provenance import VOLATILE_SUFFIX
from widthscope.studies.base import About

SHARD_RULES = ("sweep_widths", "analyse_spectra")
"""Rules whose jobs are about one shard."""

Planned = Container[str] | None
"""Paths of the run's products; None where nobody has made a plan, and everything that is there counts."""


@dataclass(frozen=True)
class Product:
    """One line of the table of products.

    Attributes:
        path: the file that stands for the product.
        rule: what makes it.
        state: ``fresh``, ``stale``, ``missing``, ``altered``, ... as `widthscope verify` says.
        reason: why, in words; empty where it is fresh.
    """

    path: str
    rule: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class StoredFigure:
    """A figure on disk: the SVG text, or None if the file is missing."""

    name: str
    caption: str
    alt: str
    svg: str | None


@dataclass(frozen=True)
class Study:
    """One study's part of the results."""

    slug: str
    about: About | None
    claims: list[dict[str, Any]]
    figures: list[StoredFigure]
    records: list[dict[str, Any]]
    problems: tuple[str, ...] = ()

    @property
    def shards(self) -> list[dict[str, Any]]:
        """Provenance of its sweep and of the spectra of its shards, in order of path."""
        return [record for record in self.records if record["rule"] in SHARD_RULES]


@dataclass(frozen=True)
class RunFacts:
    """The run as a whole, from the provenance of all products."""

    name: str
    config: Any
    records: list[dict[str, Any]] = field(default_factory=list)

    def distinct(self, key: str) -> list[str]:
        """Values of a circumstance over all products, the most frequent first."""
        found = Counter(str(record[key]) for record in self.records if record.get(key) is not None)
        return [value for value, _ in found.most_common()]

    @property
    def versions(self) -> list[tuple[str, str]]:
        """Package and versions used, in alphabetical order."""
        found: dict[str, set[str]] = {}
        for record in self.records:
            for package, version in (record.get("versions") or {}).items():
                found.setdefault(package, set()).add(str(version))
        return [(package, ", ".join(sorted(found[package]))) for package in sorted(found)]

    @property
    def cpu_seconds(self) -> float:
        """Seconds of all jobs added up, as if they had run one after the other."""
        return float(sum(record.get("seconds") or 0.0 for record in self.records))

    @property
    def peak_mb(self) -> float:
        """Largest memory of any job."""
        return float(max((record.get("peak_mb") or 0.0 for record in self.records), default=0.0))

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """Start of the first job and end of the last."""
        spans = [span for record in self.records if (span := _span(record)) is not None]
        if not spans:
            return None
        return min(start for start, _ in spans), max(end for _, end in spans)


def load_about(slug: str) -> About:
    """The paper behind a study."""
    about = studies.load(slug, "about").ABOUT
    assert isinstance(about, About)
    return about


def read_study(
    results: Path, slug: str, about_of: Callable[[str], About] = load_about, planned: Planned = None
) -> Study:
    """Everything that the report shows of one study."""
    problems: list[str] = []
    about: About | None = None
    try:
        about = about_of(slug)
    except (WidthscopeError, ImportError, AttributeError, AssertionError) as error:
        problems.append(f"The paper's facts cannot be read: {error}")
    claims = listed(results / slug / "claims.json", "The claims were not judged", problems)
    index = listed(results / slug / "figures.json", "The figures were not drawn", problems)
    figures = [stored_figure(results / slug / "figures", entry) for entry in index if "name" in entry]
    problems += [f"The file of figure {figure.name} is missing." for figure in figures if figure.svg is None]
    records = read_records((results / slug).rglob(f"*{VOLATILE_SUFFIX}"), planned)
    return Study(slug, about, claims, figures, records, tuple(problems))


def read_run(results: Path, studies_read: Iterable[Study], planned: Planned = None) -> RunFacts:
    """The run's own facts; its name is that of its folder."""
    try:
        config = read_json(results / "config.json")
    except StoreError:
        config = None
    folders = (results, results / "datasets", results / "checkpoints")
    paths = (path for folder in folders for path in folder.glob(f"*{VOLATILE_SUFFIX}"))
    records = read_records(paths, planned)
    records += [record for study in studies_read for record in study.records]
    return RunFacts(results.name, config, records)


def read_records(paths: Iterable[Path], planned: Planned = None) -> list[dict[str, Any]]:
    """Provenance records in order of path; one that cannot be read is left out, as it decides nothing.

    Those of products that are not planned are left out too: an earlier configuration left them.
    """
    records = []
    for path in sorted(paths):
        try:
            record = read_json(path)
        except StoreError:
            continue
        if not isinstance(record, dict) or not isinstance(record.get("rule"), str):
            continue
        if planned is None or record.get("product") in planned:
            records.append({"wildcards": {}, **record})
    return records


def recorded_products(records: Sequence[dict[str, Any]]) -> list[Product]:
    """The products that have a record, where nobody has compared them with the plan."""
    return [Product(str(record.get("product", "")), record["rule"], "recorded") for record in records]


def listed(path: Path, what: str, problems: list[str]) -> list[dict[str, Any]]:
    """The list of objects in a file; if there is none, an empty list and a line among the problems."""
    if not path.is_file():
        problems.append(f"{what}: {path.name} is missing.")
        return []
    try:
        content = read_json(path)
    except StoreError as error:
        problems.append(f"{what}: {error}.")
        return []
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        problems.append(f"{what}: {path.name} does not hold a list of objects.")
        return []
    return content


def stored_figure(folder: Path, entry: dict[str, Any]) -> StoredFigure:
    """The figure that an entry of the index names."""
    name = str(entry["name"])
    path = folder / f"{name}.svg"
    # The name comes from a file: it must not lead out of the folder.
    svg = path.read_text(encoding="utf-8") if path.parent == folder and path.is_file() else None
    return StoredFigure(name, str(entry.get("caption", "")), str(entry.get("alt", "")), svg)


def _span(record: dict[str, Any]) -> tuple[datetime, datetime] | None:
    try:
        start = datetime.fromisoformat(str(record["started"]))
    except (KeyError, ValueError):
        return None
    return start, start + timedelta(seconds=float(record.get("seconds") or 0.0))
