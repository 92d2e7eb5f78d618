"""From a folder or a product to the plan: what is read, and what is said where that cannot be."""

import json
from pathlib import Path

import pytest

from widthscope.errors import ConfigError
from widthscope.inspect import run_folder
from widthscope.inspect.run_folder import open_plan, recorded_config_file, run_folder_of

CONFIG = "run: {run}\nstudies:\n  limit_law: {{}}\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Snakefile, two configurations, and a run of each; plans are told, not made."""
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").touch()
    Path("tests").mkdir()
    for run, file in (("laptop", "config.yaml"), ("smoke", "tests/config.smoke.yaml")):
        Path(file).write_text(CONFIG.format(run=run))
        folder = Path("results") / run
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"config_file": Path(file).name}))
    monkeypatch.setattr(run_folder, "Plan", lambda config, name, root: (config.run, name, root))
    return tmp_path


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("folder", "file", "plan"),
    [
        (None, None, ("laptop", "config.yaml")),
        (Path("results/laptop"), None, ("laptop", "config.yaml")),
        (Path("results/smoke"), None, ("smoke", "config.smoke.yaml")),
        (None, Path("tests/config.smoke.yaml"), ("smoke", "config.smoke.yaml")),
        (Path("results/smoke"), Path("tests/config.smoke.yaml"), ("smoke", "config.smoke.yaml")),
    ],
)
def test_the_recorded_file_is_found(folder: Path | None, file: Path | None, plan: tuple[str, str]) -> None:
    assert open_plan(folder, file) == (*plan, Path("."))


@pytest.mark.usefixtures("checkout")
def test_a_file_of_another_run_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^config\.yaml is about run 'laptop', not 'smoke'; give the file of"
    ):
        open_plan(Path("results/smoke"), Path("config.yaml"))


@pytest.mark.usefixtures("checkout")
def test_what_cannot_be_found_is_said() -> None:
    with pytest.raises(
        ConfigError, match=r"no run folder results/lap; the runs in results are laptop, smoke$"
    ):
        recorded_config_file(Path("results/lap"))
    Path("tests/config.smoke.yaml").rename("elsewhere.yaml")
    with pytest.raises(
        ConfigError, match=r"config\.smoke\.yaml was not found in .*; give it by --configfile"
    ):
        recorded_config_file(Path("results/smoke"))
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "config.smoke.yaml").touch()
    with pytest.raises(
        ConfigError, match=r"was found as one/config\.smoke\.yaml and two/config\.smoke\.yaml"
    ):
        recorded_config_file(Path("results/smoke"))
    Path("results/smoke/config.json").write_text("{")
    with pytest.raises(ConfigError, match="does not say which configuration file the run has"):
        recorded_config_file(Path("results/smoke"))
    Path("Snakefile").unlink()
    with pytest.raises(ConfigError, match="there is no Snakefile in "):
        open_plan(None)


@pytest.mark.usefixtures("checkout")
def test_a_product_lies_in_its_run() -> None:
    product = Path("results/smoke/limit_law/claims.json")
    assert run_folder_of(product) == run_folder_of(product.absolute()) == Path("results/smoke")
    for other in ("results", "results/smoke", "src/a/b.py", "/etc/results/x/y"):
        with pytest.raises(ConfigError, match="is not a product of a run"):
            run_folder_of(Path(other))


def test_the_source_of_another_folder_is_not_taken_for_this_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another clone's environment is active: its source says nothing of the results here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").touch()
    (tmp_path / "src/widthscope").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"runs the source in .* belong to .*make setup"):
        open_plan(None)
