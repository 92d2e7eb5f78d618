"""The list of all judged claims of a run, ``results/<run>/claims.json``: with their seconds, and checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from widthscope import studies
from widthscope.errors import StudyError
from widthscope.files import read_json
from widthscope.report.results import Study

Patterns = Mapping[str, Sequence[str]]
"""Patterns of the shards that a claim rests on, by the claim's id."""


def load_patterns(slug: str) -> Patterns:
    """Patterns of shards as the study's claims give them."""
    return {f"{slug}/{claim.name}": claim.shards for claim in studies.load(slug, "claims").CLAIMS}


def collect_claims(
    read: Iterable[Study],
    schema: Path,
    patterns_of: Callable[[str], Patterns] = load_patterns,
) -> list[dict[str, Any]]:
    """Every judged claim of the studies, in order, with `seconds` filled in.

    A claim's seconds are those of all shards that it rests on. A shard may serve several claims and counts
    for each of them, so the claims' seconds do not add up to the run's.

    Args:
        read: the studies, as read from disk; one without claims contributes none.
        schema: JSON schema of the list.
        patterns_of: patterns of shards by claim id, given a study's slug.

    Raises:
        StudyError: if the list does not follow the schema; names the claim and the field.
    """
    claims: list[dict[str, Any]] = []
    for study in read:
        patterns = patterns_of(study.slug) if study.claims else {}
        claims += [
            {**claim, "seconds": seconds_of(patterns.get(str(claim.get("id")), ()), study.shards)}
            for claim in study.claims
        ]
    _validate(claims, schema)
    return claims


def seconds_of(patterns: Sequence[str], shards: Sequence[Mapping[str, Any]]) -> float | None:
    """Seconds of the shards whose name matches one of the patterns; None if no shard does."""
    matching = [
        float(record.get("seconds") or 0.0)
        for record in shards
        if any(fnmatchcase(str(record["wildcards"].get("shard", "")), pattern) for pattern in patterns)
    ]
    return round(sum(matching), 3) if matching else None


def _validate(claims: list[dict[str, Any]], schema: Path) -> None:
    errors = sorted(
        Draft202012Validator(read_json(schema)).iter_errors(claims),
        key=lambda error: list(error.absolute_path),
    )
    if not errors:
        return
    first = errors[0]
    place, *field = list(first.absolute_path) or [0]
    claim = claims[int(place)].get("id", f"number {place}") if claims else "the list"
    where = ".".join(str(part) for part in field) or "its fields"
    raise StudyError(f"claim {claim} does not follow {schema.name}: {where}: {first.message}")
