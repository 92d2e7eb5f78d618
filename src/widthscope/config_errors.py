"""Turns what pydantic finds wrong with a configuration into one sentence for a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from widthscope.config_allowed import allowed, child, resolve
from widthscope.config_allowed import kind as setting_kind
from widthscope.errors import ConfigError

Location = Sequence[str | int]

SCIENTIFIC_TEXT = re.compile(r"[-+]?\d+(?P<dot>\.\d*)?[eE][-+]?\d+")
"""What YAML 1.1 reads as text although a person means a number: it wants a dot and a signed exponent."""

NEAR = 0.65
"""Likeness from which on a name may be meant: `gpu` for `cpu` (0.67), not `mnist` for `omniglot` (0.62)."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, and the rest of the sentence."""

    path: str
    says: str


def path_text(location: Location) -> str:
    """A location as people write it: ``studies.limit_law.convergence.widths[2]``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def unknown(kind: str, location: Location, known: Sequence[str]) -> Problem:
    """An unknown name of some kind (setting, study, dataset), with the nearest valid one."""
    return Problem(path_text(location), f"is not a {kind}{nearest(str(location[-1]), kind, known)}")


def nearest(name: str, kind: str, known: Sequence[str]) -> str:
    """The part of a sentence that leads from a wrong name to the valid ones."""
    near = get_close_matches(name.lower(), known, n=1, cutoff=NEAR)
    if near:
        return f"; did you mean '{near[0]}'?"
    plural = {"study": "studies"}.get(kind, f"{kind}s")
    return f"; the {plural} here are {', '.join(known)}" if known else f"; there are no {plural} here"


def problems_in(error: ValidationError, model: type[BaseModel], prefix: Location = ()) -> list[Problem]:
    """Everything that pydantic found, in the order of the model, each as the end of a sentence.

    Args:
        error: what validating the model raised.
        model: the model, whose JSON schema says what is allowed where.
        prefix: location of the model in the whole configuration.
    """
    schema = model.model_json_schema()
    details = error.errors(include_url=False)
    # a list with a wrong value in it is also called too short, since the wrong one is not counted
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    return [
        _problem(detail, schema, tuple(prefix))
        for detail in details
        if not (detail["type"] == "too_short" and detail["loc"] in inside)
    ]


def _problem(detail: Any, schema: dict[str, Any], prefix: tuple[str | int, ...]) -> Problem:
    location, here, parent = _walk(schema, detail["loc"])
    if detail["type"] == "invalid_key":  # a key that is not text, as in `1: 2`
        location = [part for part in location if part != "[key]"]
        location[-1] = str(location[-1])
    where, kind, value = (*prefix, *location), detail["type"], detail["input"]
    path, context = path_text(where), detail.get("ctx", {})
    if kind in ("extra_forbidden", "invalid_key"):
        return unknown("setting", where, list(parent.get("properties", {})))
    if kind == "missing":
        return Problem(path, f"is missing, and has no default: it must be {allowed(here, schema)}")
    if kind in ("increasing", "distinct"):
        return Problem(path, f"is {shown(value)}, but it {detail['msg']}")
    if kind in ("value_error", "assertion_error"):
        message = str(context.get("error", detail["msg"])).rstrip(".")
        return Problem(path, f"cannot be used: {message}")
    says = f"is {shown(value)}, but it must be {allowed(here, schema)}"
    if kind == "too_short" and here.get("minItems") == 1:
        says = f"is {shown(value)}, but it must have at least one value: {allowed(here, schema)}"
    if isinstance(value, str) and SCIENTIFIC_TEXT.fullmatch(value):
        whole = setting_kind(here, schema) == "integer" and float(value).is_integer()
        meant = str(int(float(value))) if whole else _with_dot(value)
        says += f" (YAML reads {value} as text; write {meant})"
    choices = here.get("enum", ())
    if kind == "literal_error" and isinstance(value, str):
        near = get_close_matches(value.lower(), [str(choice) for choice in choices], n=1, cutoff=NEAR)
        says += f"; did you mean '{near[0]}'?" if near else ""
    return Problem(path, says)


def _walk(
    schema: dict[str, Any], location: Location
) -> tuple[list[str | int], dict[str, Any], dict[str, Any]]:
    """Follow a location down the schema.

    Pydantic puts the names of a union's branches into its locations; they are no part of the path.

    Returns:
        the path as written in the file, the schema there, and the schema of what holds it.
    """
    path: list[str | int] = []
    here = parent = resolve(schema, schema)
    for place, part in enumerate(location):
        below = child(here, part, schema)
        if below is None and place < len(location) - 1 and "anyOf" in here:
            continue
        path.append(part)
        parent, here = here, below or {}
    return path, here, parent


def _with_dot(text: str) -> str:
    mantissa, exponent = re.split("[eE]", text)
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent}"


def shown(value: Any, longest: int = 60) -> str:
    """A value as it would stand in the file, cut if it is long."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        value = list(value)
    text = "a section of settings" if isinstance(value, BaseModel) else repr(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def refuse(problems: Sequence[Problem], source: str) -> None:
    """Raise the first problem as one sentence, saying how many more there are.

    Raises:
        ConfigError: if there is a problem.
    """
    if not problems:
        return
    first, more = problems[0], len(problems) - 1
    rest = "" if not more else f" (and {more} more {'problem' if more == 1 else 'problems'})"
    raise ConfigError(f"in {source}, {first.path or 'the whole'} {first.says}{rest}")
