"""A configuration is read to the last default, or refused in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from widthscope import studies
from widthscope.config import MISSING, check_run_folder, differences, load, read, resolved
from widthscope.errors import ConfigError
from widthscope.settings_types import Count, DatasetName, Distinct, Heads, Positive, Section, Widths

ROOT = Path(__file__).parent.parent
SHIPPED = ("config.yaml", "config.paper.yaml", "tests/config.smoke.yaml")


class Shape(Section):
    """One of a list of sections."""

    heads: Heads = 2


class Rate(Section):
    """A family of a study."""

    widths: Widths = Field((16, 64, 256), min_length=2)
    margin: Positive = 0.02
    law: Literal["fixed", "clip"] = "fixed"
    data: DatasetName = "digits"
    shapes: Distinct[Shape] = (Shape(),)
    chains: int = Field(4, ge=4, le=256, multiple_of=2)
    seeds: Count | None = None
    few: int = Field(1, ge=0)
    many: int = Field(2, ge=0)

    @model_validator(mode="after")
    def _few_are_fewer(self) -> "Rate":
        if self.few >= self.many:
            raise ValueError(f"few ({self.few}) must be below many ({self.many})")
        return self


class Settings(Section):
    """A study's settings."""

    rate: Rate = Rate()


@pytest.fixture(autouse=True)
def two_studies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two made-up studies in place of the real ones, unless the test is about the shipped files."""
    if "shipped" not in request.fixturenames:
        monkeypatch.setattr(studies, "names", lambda: ("limit_law", "qk_spectrum"))
        monkeypatch.setattr(studies, "load", lambda slug, module: SimpleNamespace(Settings=Settings))


def refusal(raw: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(raw, "config.yaml")
    return str(caught.value)


def with_rate(**values: Any) -> dict[str, Any]:
    return {"run": "laptop", "studies": {"limit_law": {"rate": values}}}


WHERE = "in config.yaml, studies.limit_law.rate"
RATE_SENTENCES = [
    ({"width": [2, 3]}, f"{WHERE}.width is not a setting; did you mean 'widths'?"),
    (
        {"zzz": 1},
        f"{WHERE}.zzz is not a setting; the settings here are widths, margin, law, data, shapes, chains, "
        "seeds, few, many",
    ),
    ({"widths": [2, 3, "4"]}, f"{WHERE}.widths[2] is '4', but it must be a whole number from 2 to 2^20"),
    ({"widths": [2, 3, 4.0]}, f"{WHERE}.widths[2] is 4.0, but it must be a whole number from 2 to 2^20"),
    ({"widths": [2, 2**22]}, f"{WHERE}.widths[1] is 4194304, but it must be a whole number from 2 to 2^20"),
    ({"widths": [4, 2]}, f"{WHERE}.widths is [4, 2], but it must be strictly increasing: 2 follows 4"),
    (
        {"widths": [4]},
        f"{WHERE}.widths is [4], but it must be an increasing list with at least 2 values, "
        "each a whole number from 2 to 2^20",
    ),
    ({"margin": 0}, f"{WHERE}.margin is 0, but it must be a number above 0"),
    ({"margin": True}, f"{WHERE}.margin is true, but it must be a number above 0"),
    ({"margin": None}, f"{WHERE}.margin is empty, but it must be a number above 0"),
    (
        {"margin": "1e-3"},
        f"{WHERE}.margin is '1e-3', but it must be a number above 0 (YAML reads 1e-3 as text; write 1.0e-3)",
    ),
    (
        {"margin": "2E6"},
        f"{WHERE}.margin is '2E6', but it must be a number above 0 (YAML reads 2E6 as text; write 2.0e+6)",
    ),
    (
        {"seeds": "1e3"},
        f"{WHERE}.seeds is '1e3', but it must be a whole number from 1 to 10^6 or empty "
        "(YAML reads 1e3 as text; write 1000)",
    ),
    ({"law": "fixd"}, f"{WHERE}.law is 'fixd', but it must be 'fixed' or 'clip'; did you mean 'fixed'?"),
    (
        {"data": "digit"},
        f"{WHERE}.data is 'digit', but it must be 'digits', 'gaussian', 'templates', 'cifar10', 'cifar100', "
        "'wikitext2', 'text', 'sudoku' or 'omniglot'; did you mean 'digits'?",
    ),
    ({"seeds": 0}, f"{WHERE}.seeds is 0, but it must be a whole number from 1 to 10^6 or empty"),
    (
        {"data": "mnist"},
        f"{WHERE}.data is 'mnist', but it must be 'digits', 'gaussian', 'templates', 'cifar10', 'cifar100', "
        "'wikitext2', 'text', 'sudoku' or 'omniglot'",
    ),
    ({"chains": 5}, f"{WHERE}.chains is 5, but it must be an even number from 4 to 256"),
    (
        {"shapes": []},
        f"{WHERE}.shapes is [], but it must have at least one value: a list without repetition, "
        "each a section of settings",
    ),
    (
        {"shapes": [{"heads": 0}]},
        f"{WHERE}.shapes[0].heads is 0, but it must be a whole number from 1 to 16384",
    ),
    ({"shapes": [{"head": 1}]}, f"{WHERE}.shapes[0].head is not a setting; did you mean 'heads'?"),
    ({"few": 3}, f"{WHERE} cannot be used: few (3) must be below many (2)"),
    (
        {"margin": 0, "law": 1, "wdths": 3},
        f"{WHERE}.margin is 0, but it must be a number above 0 (and 2 more problems)",
    ),
    ({"margin": 0, "law": 1}, f"{WHERE}.margin is 0, but it must be a number above 0 (and 1 more problem)"),
]


@pytest.mark.parametrize(("values", "sentence"), RATE_SENTENCES)
def test_one_sentence_on_a_wrong_setting(values: dict[str, Any], sentence: str) -> None:
    assert refusal(with_rate(**values)) == sentence


NOTHING = (
    "in config.yaml, studies and checkpoints are both empty: a run needs a study, or a checkpoint of your "
    "own; the studies here are limit_law, qk_spectrum"
)
TOP_SENTENCES = [
    ({"sed": 1}, "in config.yaml, sed is not a setting; did you mean 'seed'?"),
    ({"seed": -1}, "in config.yaml, seed is -1, but it must be a whole number of at least 0 and below 2^63"),
    (
        {"device": "gpu"},
        "in config.yaml, device is 'gpu', but it must be 'cpu', 'cuda' or 'auto'; did you mean 'cpu'?",
    ),
    ({"run": "../up"}, "in config.yaml, run is '../up', but it must be text that matches"),
    ({"run": 7}, "in config.yaml, run is 7, but it must be text that matches"),
    ({"studies": {}}, NOTHING),
    ({"studies": None}, NOTHING),
    ({"studies": {}, "checkpoints": []}, NOTHING),
    ({"studies": ["limit_law"]}, "in config.yaml, studies is ['limit_law'], but it must be a mapping"),
    (
        {"studies": {"limit_laws": {}}},
        "in config.yaml, studies.limit_laws is not a study; did you mean 'limit_law'?",
    ),
    (
        {"studies": {"zzz": {}}},
        "in config.yaml, studies.zzz is not a study; the studies here are limit_law, qk_spectrum",
    ),
    ({"studies": {3: {}}}, "in config.yaml, studies.3 is not a study; the studies here are limit_law"),
    ({"studies": {"limit_law": [1]}}, "in config.yaml, studies.limit_law is [1], but it must be a section"),
    (
        {"datasets": {"cifar": {}}},
        "in config.yaml, datasets.cifar is not a setting; did you mean 'cifar10'?",
    ),
    (
        {"datasets": {"cifar10": {"url": "file:///etc/passwd"}}},
        "in config.yaml, datasets.cifar10.url is 'file:///etc/passwd', but it must be text that matches",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), TOP_SENTENCES)
def test_one_sentence_on_the_whole(values: dict[str, Any], sentence: str) -> None:
    assert refusal(with_rate() | values).startswith(sentence)


def test_a_wrong_study_and_a_wrong_key_are_two_problems() -> None:
    said = refusal(
        {"run": "a", "sed": 1, "studies": {"limit_laws": {}, "qk_spectrum": {"rate": {"few": -1}}}}
    )
    assert said == "in config.yaml, sed is not a setting; did you mean 'seed'? (and 2 more problems)"


def test_a_missing_run_is_named() -> None:
    assert refusal({"studies": {"limit_law": {}}}).startswith(
        "in config.yaml, run is missing, and has no default"
    )


@pytest.mark.parametrize("raw", [None, {}])
def test_an_empty_file_is_refused(raw: Any) -> None:
    assert refusal(raw) == "config.yaml is empty, but it must name a run, and its studies or checkpoints"


@pytest.mark.parametrize(("raw", "kind"), [(["a"], "a list"), ("a", "the str 'a'")])
def test_a_file_that_is_no_mapping_is_refused(raw: Any, kind: str) -> None:
    assert refusal(raw) == f"config.yaml holds {kind}, but it must be a mapping of settings"


@pytest.mark.parametrize("empty", [None, {}])
def test_an_empty_study_has_its_defaults(empty: Any) -> None:
    config = load({"run": "laptop", "studies": {"limit_law": empty}}, "config.yaml")
    assert config.studies == {"limit_law": Settings()}
    assert (config.seed, config.device) == (0, "cpu")


def test_a_file_that_names_neither_studies_nor_checkpoints_is_refused() -> None:
    assert refusal({"run": "laptop"}) == NOTHING


@pytest.mark.parametrize("studies_named", [{}, {"studies": {}}, {"studies": None}])
def test_a_run_of_checkpoints_alone_is_a_run(studies_named: dict[str, Any]) -> None:
    raw = {"run": "mine", "checkpoints": [{"name": "gpt", "path": "gpt.pt"}], **studies_named}
    config = load(raw, "config.yaml")
    assert config.studies == {}
    assert [checkpoint.name for checkpoint in config.checkpoints] == ["gpt"]
    assert load(resolved(config), "config.json") == config


def test_only_named_studies_are_there() -> None:
    assert list(load({"run": "a", "studies": {"qk_spectrum": None}}, "c").studies) == ["qk_spectrum"]


def test_resolved_has_every_default_as_json() -> None:
    config = load(with_rate(widths=[2, 3]), "config.yaml")
    values = json.loads(json.dumps(resolved(config)))
    assert values["studies"]["limit_law"]["rate"] == Rate(widths=(2, 3)).model_dump(mode="json")
    assert load(values, "config.json") == config


def test_differences_are_leaves_with_their_paths() -> None:
    old = resolved(load(with_rate(widths=[2, 3]), "c"))
    new = resolved(load(with_rate(widths=[2, 4], margin=0.5) | {"seed": 1}, "c"))
    assert differences(old, new) == [
        ("seed", 0, 1),
        ("studies.limit_law.rate.widths", [2, 3], [2, 4]),
        ("studies.limit_law.rate.margin", 0.02, 0.5),
    ]
    assert differences({"a": {"b": 1}}, {"a": {}, "c": 2}) == [("a.b", 1, MISSING), ("c", MISSING, 2)]
    assert differences({"a": 1}, {"a": True}) == [("a", 1, True)]


JSON_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda below: st.dictionaries(st.sampled_from("xyz"), below, max_size=3),
    max_leaves=8,
)


@given(JSON_TREES, JSON_TREES)
def test_differences_are_empty_exactly_for_equal_values(old: Any, new: Any) -> None:
    assert differences(old, old) == []
    assert (differences(old, new) == []) == (
        json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    )


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


YAML_SENTENCES = [
    ("run: a\nrun: b\n", "mine.yaml, line 2, column 1: 'run' is written twice, first in line 1"),
    (
        "run: a\nstudies:\n  limit_law: {}\n  limit_law:\n    rate: {}\n",
        "mine.yaml, line 4, column 3: 'limit_law' is",
    ),
    ("run: [a\n", "mine.yaml, line 2, column 1: expected ',' or ']'"),
    ("run: a\n\tseed: 1\n", "mine.yaml, line 2, column 1: found character '\\t'"),
    ("run: !!python/object:os.system a\n", "mine.yaml, line 1, column 6: could not determine a constructor"),
    ("", "mine.yaml is empty"),
    ("# nothing\n", "mine.yaml is empty"),
    (b"run: \xff\n", "mine.yaml is not a text file in UTF-8"),
    ("run: \x00\n", "mine.yaml is not YAML: unacceptable character #x0000"),
    ("? [a, b]\n: 1\nrun: a\n", "mine.yaml, line 1, column 3: found unhashable key"),
    ("run: a\n1: 2\nstudies: {limit_law: }\n", "in mine.yaml, 1 is not a setting; the settings here are run"),
    (
        "run: a\nstudies: {limit_law: {rate: {1: 2}}}\n",
        "in mine.yaml, studies.limit_law.rate.1 is not a setting",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), YAML_SENTENCES)
def test_one_sentence_on_bad_yaml(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(tmp_path, text))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file or directory"):
        read(tmp_path / "none.yaml")


def test_reads_a_file_with_anchors(tmp_path: Path) -> None:
    text = "run: a\nstudies:\n  limit_law: &same\n    rate: {widths: [2, 3]}\n  qk_spectrum: *same\n"
    config = read(write(tmp_path, text))
    assert config.studies["limit_law"] == config.studies["qk_spectrum"]


@pytest.mark.parametrize("shipped", SHIPPED)
def test_shipped_configurations_are_valid(shipped: str) -> None:
    config = read(ROOT / shipped)
    assert config.run == {"config.yaml": "laptop"}.get(shipped, shipped.split(".")[1])
    assert load(resolved(config), "config.json") == config
    assert (ROOT / shipped).read_text().startswith("# yaml-language-server: $schema=")


class TestRunFolder:
    def record(self, folder: Path, text: str) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(text)
        return folder

    def test_a_new_folder_and_ones_own_are_free(self, tmp_path: Path) -> None:
        check_run_folder(tmp_path / "none", "config.yaml")
        check_run_folder(self.record(tmp_path / "a", '{"config_file": "config.yaml"}'), "config.yaml")

    def test_another_files_folder_is_refused(self, tmp_path: Path) -> None:
        folder = self.record(tmp_path / "a", '{"config_file": "config.paper.yaml"}')
        with pytest.raises(ConfigError) as caught:
            check_run_folder(folder, "config.yaml")
        assert str(caught.value) == (
            f"{folder} holds the results of config.paper.yaml, not of config.yaml; "
            "give 'run' in config.yaml another name, or move that folder away"
        )

    @pytest.mark.parametrize("text", ["", "{", "[]", "3"])
    def test_an_unreadable_record_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ConfigError, match="cannot be read, so nobody knows"):
            check_run_folder(self.record(tmp_path / "a", text), "config.yaml")


def test_reading_is_light() -> None:
    """Snakemake parses the workflow in every job: nothing heavy is imported, and a study costs little.

    What a study adds is held against the import of pydantic in the same process, since seconds depend on the
    machine and their sum on the number of studies.
    """
    script = (
        "import sys, time; began = time.process_time()\n"
        "import pydantic, yaml\n"
        "type('Smallest', (pydantic.BaseModel,), {'__annotations__': {'number': int}})(number=1)\n"
        "imported = time.process_time()\n"
        "from pathlib import Path\n"
        "from widthscope.config import read\n"
        f"studies = read(Path({str(ROOT / 'config.yaml')!r})).studies\n"
        "done = time.process_time()\n"
        "heavy = {'torch', 'xarray', 'pandas', 'numpy', 'scipy', 'zarr', 'matplotlib'} & set(sys.modules)\n"
        "print(imported - began, (done - imported) / len(studies), *sorted(heavy))"
    )
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(7)  # the least of several: what else runs on the machine is no cost of ours
    ]
    assert all(run[2:] == [] for run in runs)
    library, study = (min(float(run[place]) for run in runs) for place in (0, 1))
    assert study < 0.3 * library
