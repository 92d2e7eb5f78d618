"""A new study from the template: a small one that runs and is judged at once, to be edited top to bottom."""

import keyword
import re
import shutil
from pathlib import Path

from widthscope import config, studies
from widthscope.errors import ConfigError, StudyError
from widthscope.files import atomic_write_text

TEMPLATE = "_template"
PLACEHOLDER_ARXIV = "0000.00000"

RESERVED = frozenset(
    {
        *("all", "record_config", "prepare_dataset", "sweep_widths", "analyse_spectra"),
        *("fit_limits", "judge_claims", "draw_figures", "build_report"),
        *("analyse_checkpoint", "draw_checkpoint"),
        *("datasets", "checkpoints", "report"),
    }
)
"""Names that a study cannot have: the workflow's rules, and the other folders in ``results/<run>``."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ARXIV = re.compile(r"\d{4}\.\d{4,5}")
_SECTION = re.compile(r"^studies:[ \t]*(#.*)?\n", re.MULTILINE)


def create(
    slug: str, arxiv: str | None = None, packages: Path | None = None, tests: Path | None = None
) -> Path:
    """Write the study's package, and its tests where there is a folder for them.

    Args:
        slug: name of the package, such as ``limit_law``.
        arxiv: identifier of the paper, such as ``2506.00846``.
        packages: folder of all studies; default: that of the installed package.
        tests: folder of the studies' tests; none are written without it.

    Returns:
        the new folder.

    Raises:
        StudyError: if the slug or the identifier is malformed, or the name is taken.
        StoreError: if a file cannot be written; what was written before is removed.
    """
    packages = Path(studies.__file__).parent if packages is None else packages
    _check(slug, arxiv, packages)
    template = Path(studies.__file__).parent / TEMPLATE
    written = [packages / slug]
    try:
        _copy(template, packages / slug, slug, arxiv)
        if tests is not None and (tests / TEMPLATE).is_dir() and not (tests / slug).exists():
            written.append(tests / slug)
            _copy(tests / TEMPLATE, tests / slug, slug, arxiv)
    except BaseException:
        for folder in written:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return packages / slug


def add_to_config(slug: str, config_file: Path) -> bool:
    """Name the study, with its defaults, in a configuration file whose comments and order stay as they are.

    Returns:
        whether it was added; False where the file has no block ``studies:`` to put it under.

    Raises:
        ConfigError: if the file cannot be read.
        StoreError: if it cannot be written.
    """
    try:
        text = config_file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{config_file} cannot be read: {error.strerror}") from None
    section = _SECTION.search(text)
    if section is None:
        return False
    first = re.search(r"^([ ]+)[\w-]+:", text[section.end() :], re.MULTILINE)
    indent = first[1] if first else "  "
    atomic_write_text(config_file, f"{text[: section.end()]}{indent}{slug}: {{}}\n{text[section.end() :]}")
    try:
        config.read(config_file)
    except ConfigError:
        atomic_write_text(config_file, text)
        return False
    return True


def _check(slug: str, arxiv: str | None, packages: Path) -> None:
    if not _SLUG.fullmatch(slug) or len(slug) > 40 or keyword.iskeyword(slug):
        raise StudyError(
            f"'{slug}' cannot name a study: a slug is lower-case words joined by underscores, such as "
            "limit_law, of at most 40 characters"
        )
    if arxiv is not None and not _ARXIV.fullmatch(arxiv):
        raise StudyError(f"'{arxiv}' is no arXiv identifier; one looks like 2506.00846")
    if slug in RESERVED or (packages / f"{slug}.py").exists():
        raise StudyError(f"'{slug}' cannot name a study: the workflow has another use for this name")
    if (packages / slug).exists():
        raise StudyError(f"there is a study '{slug}' already, in {packages / slug}")


def _copy(template: Path, folder: Path, slug: str, arxiv: str | None) -> None:
    for source in sorted(path for path in template.iterdir() if path.is_file()):
        text = source.read_text(encoding="utf-8").replace(TEMPLATE, slug)
        if arxiv is not None:
            text = text.replace(PLACEHOLDER_ARXIV, arxiv)
        atomic_write_text(folder / source.name.replace(TEMPLATE, slug), text)
