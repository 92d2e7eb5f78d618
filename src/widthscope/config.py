"""A run's configuration: typed, checked before any work starts, and resolved to the last default.

Imported at every parse of the Snakefile, so it stays light; a study's settings are loaded only when the
configuration names that study.
"""

import json
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, InstanceOf, SerializeAsAny, ValidationError, field_validator

from widthscope import studies
from widthscope.checkpoints.settings import Checkpoint
from widthscope.config_errors import Problem, problems_in, refuse, unknown
from widthscope.datasets.settings import Datasets
from widthscope.errors import ConfigError
from widthscope.settings_types import Section

__all__ = ["Config", "Section", "check_run_folder", "differences", "load", "parse", "read", "resolved"]

FIGURES_END = ".figures"
"""What the folder of a checkpoint's figures has after the checkpoint's name."""

_WANTED = "a run needs a study, or a checkpoint of your own; the studies here are "

MISSING = "(absent)"
"""Stands for the side of a difference that has no such setting."""


class Config(Section):
    """Everything that decides a run's results; a study that is not named here is not run.

    A run needs a study or a checkpoint; that is checked by `load`, not here.
    """

    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = Field(
        description="Name of the run; its results are in the folder results/<run>."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Names the random streams of every study.")
    device: Literal["cpu", "cuda", "auto"] = Field(
        "cpu", description="Where sweeps and networks' spectra compute; auto takes a GPU if there is one."
    )
    studies: dict[str, SerializeAsAny[InstanceOf[Section]]] = Field(
        {},
        description="The studies to run, by slug, each with the settings that differ from its defaults; "
        "none where only checkpoints are analysed.",
    )
    datasets: Datasets = Field(Datasets(), description="How the datasets are prepared that studies name.")
    checkpoints: tuple[Checkpoint, ...] = Field(
        (), description="Models of your own; the report shows the query-key spectra of each."
    )

    @field_validator("checkpoints")
    @classmethod
    def _names_are_distinct(cls, checkpoints: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...]:
        names = [checkpoint.name for checkpoint in checkpoints]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"two of them have the name '{name}', and each needs its own")
            if name.endswith(FIGURES_END):
                raise ValueError(f"'{name}' ends in '{FIGURES_END}', as the figures of another one would")
        return checkpoints


def read(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: the file is missing, is not YAML, repeats a key, or says what is not allowed.
    """
    return load(parse(path), path.name)


def parse(path: Path) -> Any:
    """What a YAML file says, unchecked but for keys that are written twice, which Snakemake lets pass.

    Raises:
        ConfigError: the file is missing, is not YAML, or repeats a key; the sentence has line and column.
    """
    import yaml  # only here: Snakemake hands `load` a mapping

    from widthscope.config_yaml import UniqueKeyLoader

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path.name}{place}: {error.problem or 'this is not YAML'}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {str(error).splitlines()[0]}") from None


def load(raw: Any, source: str) -> Config:
    """Check a configuration that is already a mapping, as Snakemake hands it over.

    Args:
        raw: the mapping; settings that it does not name take their defaults.
        source: name of the file it came from, for the error's sentence.

    Raises:
        ConfigError: one sentence on the first problem, and how many more there are.
    """
    if not raw:
        raise ConfigError(f"{source} is empty, but it must name a run, and its studies or checkpoints")
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{source} holds {_kind(raw)}, but it must be a mapping of settings")
    named = {} if raw.get("studies") is None else raw["studies"]
    found: list[Problem] = []
    settings: Any = named
    if isinstance(named, Mapping):
        settings = {}
        for slug, values in named.items():
            try:
                settings[slug] = _study_settings(slug, values)
            except ValidationError as error:
                found += problems_in(error, studies.load(slug, "settings").Settings, ("studies", str(slug)))
            except _UnknownStudyError:
                found.append(unknown("study", ("studies", str(slug)), studies.names()))
    if named == {} and not raw.get("checkpoints"):
        found.append(
            Problem("studies", f"and checkpoints are both empty: {_WANTED}{', '.join(studies.names())}")
        )
    if found:
        # the other studies are not needed to check what stands beside them
        settings = {str(slug): Section() for slug in named}
    try:
        config = Config.model_validate({**raw, "studies": settings})
    except ValidationError as error:
        found = problems_in(error, Config) + found
    refuse(found, source)
    return config


class _UnknownStudyError(Exception):
    """The configuration names a study that has no folder."""


def _study_settings(slug: Hashable, values: Any) -> Section:
    """Settings of one study; nothing written under its name means all its defaults."""
    if slug not in studies.names():
        raise _UnknownStudyError
    settings: type[Section] = studies.load(str(slug), "settings").Settings
    return settings.model_validate({} if values is None else values)


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list | tuple) else f"the {type(value).__name__} {value!r}"


def resolved(config: Config) -> dict[str, Any]:
    """Every setting of the run, defaults included, as JSON values (tuples are lists)."""
    return config.model_dump(mode="json")


def differences(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Settings that differ between two resolved configurations, leaf by leaf, in reading order.

    A list of numbers is one leaf. A setting that one side lacks is `MISSING` there.
    """
    return list(_differences(old, new, path))


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _differences(old.get(key, MISSING), new.get(key, MISSING), below)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield path, old, new


def check_run_folder(results: Path, config_file: str) -> None:
    """Refuse to mix two configurations' results in one run folder.

    Args:
        results: the run's folder, ``results/<run>``; its ``config.json`` names the file it belongs to.
        config_file: name of the configuration file of this run.

    Raises:
        ConfigError: the folder belongs to another file, or its ``config.json`` cannot be read.
    """
    record = results / "config.json"
    try:
        owner = json.loads(record.read_text(encoding="utf-8")).get("config_file")
    except FileNotFoundError:
        return
    except (OSError, ValueError, AttributeError):
        raise ConfigError(
            f"{record} cannot be read, so nobody knows which configuration the results beside it belong to; "
            f"restore it, or move {results} away"
        ) from None
    if owner not in (None, config_file):
        raise ConfigError(
            f"{results} holds the results of {owner}, not of {config_file}; "
            f"give 'run' in {config_file} another name, or move that folder away"
        )
