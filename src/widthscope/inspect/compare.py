"""Two runs side by side: the same digests, or estimates within each other's intervals, or neither.

Identical digests are promised on one class of platform, and estimates within their intervals elsewhere.
A store has no interval of its own, so what is not identical is graded by the claims of its study.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from widthscope import config, provenance
from widthscope.errors import ConfigError, StoreError
from widthscope.fingerprint import Fingerprint
from widthscope.inspect.source_changes import source_changes
from widthscope.inspect.standing import shown
from widthscope.provenance import Provenance

STAGES = {
    "prepare_dataset": "datasets",
    "sweep_widths": "sweep",
    "analyse_spectra": "spectra",
    "fit_limits": "fit",
    "judge_claims": "claims",
    "draw_figures": "figures",
    "analyse_checkpoint": "checkpoints",
    "draw_checkpoint": "figures of checkpoints",
}
"""Rules whose products are compared, in the order of the data, and the stage that each belongs to.

The recorded config holds the run's name and the page holds times and hosts, so these always differ.
"""

ROUNDING = 1e-9  # relative difference that other hardware may give a number computed without chance


class Grade(StrEnum):
    """How alike a product is in two runs, the best first."""

    IDENTICAL = "identical"
    WITHIN = "within intervals"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Compared:
    """One product of two runs.

    Attributes:
        name: path inside the run's folder.
        stage: one of `STAGES`.
        study: slug; empty for a dataset or a checkpoint.
        grade: see `Grade`.
        reasons: why it is not identical.
    """

    name: str
    stage: str
    study: str
    grade: Grade
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Product:
    record: Provenance
    path: Path
    digest: str


def compare(run_a: Path, run_b: Path) -> list[Compared]:
    """Every product of either run, graded, in the order of the data.

    Raises:
        ConfigError: if a folder is not there or holds no finished product.
        StoreError: if a record or a digest is torn.
    """
    products_a, products_b = _products(run_a), _products(run_b)
    names = sorted(
        {*products_a, *products_b}, key=lambda name: _place(products_a.get(name) or products_b[name], name)
    )
    pairs = {name: (products_a.get(name), products_b.get(name)) for name in names}
    studies = {_study(a or b) for a, b in pairs.values()} - {""}
    by_claims = {study: _claims_grade(run_a, run_b, study) for study in studies}
    worst = _worst(grade for grade, _ in by_claims.values())
    return [_compared(name, a, b, by_claims, worst) for name, (a, b) in pairs.items()]


def first_divergence(compared: Iterable[Compared]) -> Compared | None:
    """The first product, in the order of the data, that is not identical."""
    return next((one for one in compared if one.grade is not Grade.IDENTICAL), None)


def claims_differences(a: Iterable[Mapping[str, Any]], b: Iterable[Mapping[str, Any]]) -> list[str]:
    """Claims whose verdicts differ, or whose estimate lies outside the other run's interval, a line each."""
    ours, theirs = ({str(claim["id"]): claim for claim in claims} for claims in (a, b))
    lines = [f"{name} is in one run only" for name in sorted({*ours} ^ {*theirs})]
    for name in sorted({*ours} & {*theirs}):
        one, other = ours[name], theirs[name]
        if one["verdict"] != other["verdict"]:
            lines.append(f"{name} is {one['verdict']} in one run and {other['verdict']} in the other")
        for here, there in ((one, other), (other, one)):
            interval = there["interval"] or (None, None)  # null where the claim is only reported
            if not _inside(here["estimate"], interval, there["estimate"]):
                low, high = interval
                lines.append(
                    f"{name}: estimate {here['estimate']} lies outside [{low}, {high}] of the other run"
                )
    return lines


def _compared(
    name: str,
    a: _Product | None,
    b: _Product | None,
    by_claims: Mapping[str, tuple[Grade, list[str]]],
    worst: Grade,
) -> Compared:
    known = a or b
    assert known is not None  # a name comes from one of the two runs
    stage, study = STAGES[known.record.rule], _study(known)
    if a is None or b is None:
        reason = f"it is in the {'second' if a is None else 'first'} run only"
        return Compared(name, stage, study, Grade.DIFFERENT, (reason,))
    if a.digest == b.digest:
        return Compared(name, stage, study, Grade.IDENTICAL)
    grade, differences = by_claims.get(study, (worst, []))
    reasons = [*_arrays(a.path, b.path), *_causes(a.record, b.record)]
    if stage == "claims":
        reasons += differences
    return Compared(name, stage, study, grade, tuple(reasons))


def _products(run: Path) -> dict[str, _Product]:
    if not run.is_dir():
        raise ConfigError(f"there is no run folder {run}")
    found = {}
    for path in sorted(run.rglob(f"*{provenance.VOLATILE_SUFFIX}")):
        record = provenance.read(path)
        if record.rule not in STAGES:
            continue
        product = path.with_name(Path(record.product).name)
        if product.is_file():
            digest = provenance.file_digest(product)
            found[product.relative_to(run).as_posix()] = _Product(record, product, digest)
    if not found:
        raise ConfigError(f"{run} holds no finished product; a run's folder is results/<run>")
    return found


def _place(product: _Product, name: str) -> tuple[int, str]:
    return list(STAGES).index(product.record.rule), name


def _study(product: _Product | None) -> str:
    return product.record.wildcards.get("study", "") if product else ""


def _claims_grade(run_a: Path, run_b: Path, study: str) -> tuple[Grade, list[str]]:
    """Grade of a study's claims by their numbers, and what is different."""
    try:
        a, b = (json.loads((run / study / "claims.json").read_bytes()) for run in (run_a, run_b))
    except FileNotFoundError:
        return Grade.DIFFERENT, ["the study's claims are in one run only"]
    except ValueError as error:
        raise StoreError(f"claims.json of study '{study}' is torn in {run_a} or {run_b}: {error}") from error
    differences = claims_differences(a, b)
    return (Grade.DIFFERENT if differences else Grade.WITHIN), differences


def _worst(grades: Iterable[Grade]) -> Grade:
    return max(grades, key=list(Grade).index, default=Grade.DIFFERENT)


def _inside(
    estimate: float | None, interval: tuple[float | None, float | None], center: float | None
) -> bool:
    """Whether an estimate agrees with another run's; a bound of null is no bound, two of them no interval."""
    if estimate is None or center is None:
        return estimate is center
    low, high = interval
    if math.isclose(estimate, center, rel_tol=ROUNDING, abs_tol=ROUNDING**2):
        return True
    if low is None and high is None:
        return False
    return (low is None or estimate >= low) and (high is None or estimate <= high)


def _arrays(a: Path, b: Path) -> list[str]:
    """Which variables of two stores differ."""
    if not a.name.endswith(".digest.json"):
        return []
    ours, theirs = (json.loads(path.read_bytes()).get("arrays", {}) for path in (a, b))
    names = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return [f"differs in {shown}"] if names else []


def _causes(a: Provenance, b: Provenance) -> list[str]:
    """What decided the two products and is not the same."""
    lines = [
        f"setting {path}: {shown(old)} and {shown(new)}"
        for path, old, new in config.differences(a.settings, b.settings)
    ]
    lines += source_changes(Fingerprint.from_record(a.source), Fingerprint.from_record(b.source))
    for what, old, new in (
        ("device", a.device, b.device),
        ("threads", a.threads, b.threads),
        ("platform", a.platform, b.platform),
        *((name, a.versions.get(name), b.versions.get(name)) for name in sorted({*a.versions, *b.versions})),
    ):
        if old != new:
            lines.append(f"{what}: {old} and {new}")
    return lines
