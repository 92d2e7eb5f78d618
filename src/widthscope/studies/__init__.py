"""The studies, found by folder: adding a paper means adding a folder, and no list is edited."""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from widthscope.errors import StudyError


@cache
def names() -> tuple[str, ...]:
    """Slugs of all studies, sorted."""
    here = Path(__file__).parent
    return tuple(sorted(p.parent.name for p in here.glob("[!_]*/settings.py")))


def load(slug: str, module: str) -> ModuleType:
    """One module of a study, e.g. ``load("limit_law", "experiments.rate")``.

    Raises:
        StudyError: if there is no such study, or the study has no such module.
    """
    if slug not in names():
        near = get_close_matches(slug, names(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise StudyError(f"there is no study '{slug}'; the studies are {', '.join(names())}{hint}")
    path = f"{__name__}.{slug}.{module}"
    try:
        found = find_spec(path) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise StudyError(f"study '{slug}' has no module '{module}'")
    return import_module(path)


def stage_settings(settings: object, stage: str) -> dict[str, object]:
    """The settings that a stage after the sweep reads: its own section, or nothing if it has none."""
    section = getattr(settings, stage, None)
    return {} if section is None else dict(section.model_dump(mode="json"))
