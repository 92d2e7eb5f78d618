"""How each product stands against the plan: as it would be made now, or why not.

Everything is read from what lies beside the products (digests, provenance), so a copied folder, or one whose
``.snakemake/`` was deleted, tells the same.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from widthscope import config, provenance
from widthscope.errors import StoreError
from widthscope.fingerprint import Fingerprint
from widthscope.inspect.source_changes import source_changes
from widthscope.provenance import Provenance
from widthscope.workflow.jobs import Job
from widthscope.workflow.planning import Plan


class State(StrEnum):
    """What is the matter with a product, the gravest first."""

    MISSING = "missing"
    TORN = "torn"
    ALTERED = "altered"
    STALE = "stale"
    OK = "ok"


@dataclass(frozen=True)
class Standing:
    """A product's state with the reasons for it.

    Attributes:
        job: the job that makes the product.
        state: the gravest state among the reasons; ``ok`` if there is none.
        reasons: one line for each difference of its own.
        upstream: products that this one is made from and that do not stand well themselves; they alone make
            it stale.
    """

    job: Job
    state: State
    reasons: tuple[str, ...] = ()
    upstream: tuple[str, ...] = field(default=())


def standings(plan: Plan, check_content: bool = True) -> dict[str, Standing]:
    """Standing of every product of the plan, in the order of the data.

    Args:
        plan: what the workflow would run now.
        check_content: also read every store and file and compare it with its digest; without it only what is
            recorded is compared, which is quick.
    """
    found: dict[str, Standing] = {}
    for product, job in plan.jobs.items():
        found[product] = _standing(job, found, check_content)
    return found


def _standing(job: Job, before: dict[str, Standing], check_content: bool) -> Standing:
    states, reasons = [], []
    for state, reason in _own_reasons(job, check_content):
        states.append(state)
        reasons.append(reason)
    upstream = tuple(name for name in job.inputs if name in before and before[name].state is not State.OK)
    if upstream:
        states.append(State.STALE)
    worst = min(states, key=list(State).index, default=State.OK)
    return Standing(job, worst, tuple(reasons), upstream)


def _own_reasons(job: Job, check_content: bool) -> Iterator[tuple[State, str]]:
    if not Path(job.product).exists():
        yield State.MISSING, "there is no such product yet"
        return
    try:
        record = provenance.read(Path(job.provenance))
    except FileNotFoundError:
        yield State.TORN, f"{job.provenance} is missing, so the job that made the product did not finish"
        return
    except StoreError as error:
        yield State.TORN, str(error)
        return
    yield from _damage(job, record, check_content)
    yield from ((State.STALE, reason) for reason in _changes(job, record))


def _damage(job: Job, record: Provenance, check_content: bool) -> Iterator[tuple[State, str]]:
    """What happened to the files since the job wrote them."""
    for path in job.outputs.values():
        if not Path(path).exists():
            yield State.TORN, f"{path} is missing"
    for path, digest in record.outputs.items():
        if not Path(path).is_file():
            continue
        try:
            if provenance.file_digest(Path(path)) != digest:
                yield State.ALTERED, f"{path} is not what the job wrote: its digest differs from the record"
        except StoreError as error:
            yield State.TORN, str(error)
    if check_content:
        yield from _content_damage(job.outputs)


def _content_damage(outputs: dict[str, str]) -> Iterator[tuple[State, str]]:
    """What differs between stores or figures and the small file that stands for them."""
    from widthscope import store  # heavy, and `explain` reads no content

    if "store" in outputs and Path(outputs["store"]).exists() and Path(outputs["digest"]).exists():
        try:
            store.check(Path(outputs["store"]), Path(outputs["digest"]))
        except StoreError as error:
            # The store's own sentence says which; "torn or altered" means that it cannot tell.
            yield State.TORN if " is torn: " in str(error) else State.ALTERED, str(error)
    if "index" in outputs and Path(outputs["figures"]).is_dir():
        try:
            listed = json.loads(Path(outputs["index"]).read_bytes())
            expected = {f"{figure['name']}.svg": str(figure["sha256"]) for figure in listed}
        except (ValueError, KeyError, TypeError):
            yield State.TORN, f"{outputs['index']} is no index of figures"
            return
        for name, digest in expected.items():
            path = Path(outputs["figures"]) / name
            if not path.is_file():
                yield State.TORN, f"{path} is missing"
            elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                yield State.ALTERED, f"{path} is not what the job drew: its sha256 differs from the index"


def _changes(job: Job, record: Provenance) -> Iterator[str]:
    """What decides the product and is not what it was."""
    for path, old, new in config.differences(record.settings, _as_json(job.settings)):
        yield f"setting {path} changed: {shown(old)} -> {shown(new)}"
    yield from source_changes(Fingerprint.from_record(record.source), job.source)
    for path in sorted({*job.inputs} - {*record.inputs}):
        yield f"input {path} is new"
    for path in sorted({*record.inputs} - {*job.inputs}):
        yield f"input {path} is no longer read"
    for path in sorted({*job.inputs} & {*record.inputs}):
        if _digest_now(path) not in (None, record.inputs[path]):
            yield f"input {path} has other content than the one that was read"


def _digest_now(path: str) -> str | None:
    """Digest of an input; None where the input itself is missing or torn, which is said of the input."""
    try:
        return provenance.file_digest(Path(path))
    except (FileNotFoundError, StoreError):
        return None


def _as_json(settings: dict[str, Any]) -> Any:
    return json.loads(json.dumps(settings))


def shown(value: Any, longest: int = 60) -> str:
    """A setting's value as JSON, cut if it is long."""
    text = value if value == config.MISSING else json.dumps(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
