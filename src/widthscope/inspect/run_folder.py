"""From a run's folder or one of its products to the plan of that run."""

import json
from pathlib import Path

import widthscope
from widthscope import config
from widthscope.errors import ConfigError
from widthscope.workflow.planning import Plan

DEFAULT_CONFIG = "config.yaml"


def open_plan(run_folder: Path | None, config_file: Path | None = None, root: Path = Path(".")) -> Plan:
    """The plan of a run as the settings and the source are now.

    Args:
        run_folder: ``results/<run>``; its ``config.json`` names the configuration file. None: the run of
            `config_file`.
        config_file: takes the place of the recorded file; default without a run folder: ``config.yaml``.
        root: folder of the Snakefile.

    Raises:
        ConfigError: if this is no folder with a Snakefile, if the library in use is not that folder's, if
            there is no such run or file, or if the file names another run.
        StudyError: if a study cannot be planned.
    """
    if not (root / "Snakefile").is_file():
        raise ConfigError(
            f"there is no Snakefile in {root.resolve()}; call widthscope in the folder that has it"
        )
    check_library(root)
    if config_file is None:
        config_file = root / DEFAULT_CONFIG if run_folder is None else recorded_config_file(run_folder, root)
    settings = config.read(config_file)
    if run_folder is not None and run_folder.name != settings.run:
        raise ConfigError(
            f"{config_file} is about run '{settings.run}', not '{run_folder.name}'; "
            f"give the file of {run_folder} by --configfile"
        )
    return Plan(settings, config_file.name, root)


def check_library(root: Path) -> None:
    """Refuses to judge a folder's results by the source of another folder, as with another clone's `.venv`.

    Raises:
        ConfigError: if `root` has the library's source, and it is not the one that is running.
    """
    own, running = (root / "src" / "widthscope").resolve(), Path(widthscope.__file__).resolve().parent
    if own.is_dir() and own != running:
        raise ConfigError(
            f"this widthscope runs the source in {running}, and the results here belong to {own}; "
            "activate the environment of this folder (make setup) or set PYTHONPATH=src"
        )


def recorded_config_file(run_folder: Path, root: Path = Path(".")) -> Path:
    """The configuration file that a run's ``config.json`` names, in `root` or a folder of it.

    Raises:
        ConfigError: if there is no record, or no such file or several.
    """
    record = run_folder / "config.json"
    if not run_folder.is_dir():
        raise ConfigError(f"there is no run folder {run_folder}; {_runs(run_folder.parent)}")
    try:
        name = str(json.loads(record.read_text(encoding="utf-8"))["config_file"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{record} does not say which configuration file the run has; give it by --configfile"
        ) from None
    if (root / name).is_file():
        return root / name
    found = sorted(root.glob(f"[!.]*/{name}"))
    if len(found) == 1:
        return found[0]
    where = f"found as {' and '.join(map(str, found))}" if found else f"not found in {root.resolve()}"
    raise ConfigError(f"the run's configuration file {name} was {where}; give it by --configfile")


def run_folder_of(product: Path) -> Path:
    """The folder ``results/<run>`` that a product lies in.

    Raises:
        ConfigError: if the path is not inside a folder ``results/<run>``.
    """
    path = product.absolute()
    with_root = path.is_relative_to(Path.cwd())
    parts = (path.relative_to(Path.cwd()) if with_root else product).parts
    if len(parts) < 3 or parts[0] != "results":
        raise ConfigError(f"{product} is not a product of a run; products are files in results/<run>")
    return Path(*parts[:2])


def _runs(results: Path) -> str:
    runs = sorted(path.parent.name for path in results.glob("*/config.json"))
    return f"the runs in {results} are {', '.join(runs)}" if runs else f"{results} has no runs yet"
