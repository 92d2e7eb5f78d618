"""The generated files agree with the settings classes, and the schema with what is accepted."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from widthscope import config_docs, studies
from widthscope.config import load, resolved

ROOT = Path(__file__).parent.parent


def test_generated_files_have_not_drifted() -> None:
    drift = config_docs.drift(ROOT)
    assert not drift, f"run `{config_docs.COMMAND}`:\n{drift}"


@pytest.mark.parametrize("name", ["config.yaml", "config.paper.yaml", "tests/config.smoke.yaml"])
def test_shipped_configurations_satisfy_the_schema(name: str) -> None:
    raw = yaml.safe_load((ROOT / name).read_text())
    schema = config_docs.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(raw, schema)
    jsonschema.validate(resolved(load(raw, name)), schema)


@pytest.mark.parametrize(
    "change",
    [
        {"sed": 1},
        {"seed": 1.5},
        {"device": "gpu"},
        {"run": "a/b"},
        {"studies": {"limit_laws": {}}},
        {"studies": {"limit_law": {"zzz": 1}}},
        {"datasets": {"gaussian": {"samples": 0}}},
        {"studies": {}},
        {"studies": None},
        {"studies": {}, "checkpoints": []},
    ],
)
def test_the_schema_refuses_what_reading_refuses(change: dict[str, object]) -> None:
    raw = {"run": "a", "studies": {"limit_law": {}}} | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(raw, config_docs.schema())


@pytest.mark.parametrize("named", [{}, {"studies": {}}, {"studies": None}])
def test_the_schema_takes_checkpoints_without_studies(named: dict[str, object]) -> None:
    raw = {"run": "a", "checkpoints": [{"name": "gpt", "path": "gpt.pt"}], **named}
    jsonschema.validate(raw, config_docs.schema())
    jsonschema.validate(resolved(load(raw, "config.yaml")), config_docs.schema())


def test_every_setting_has_a_row_and_says_what_it_means() -> None:
    rows = [row for row in config_docs.settings_tables().splitlines() if row.startswith("| `")]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 5, row
        assert all(cells), row
    for slug in studies.names():
        assert f"## `studies.{slug}`" in config_docs.settings_tables()


def test_a_row_says_type_default_range_and_meaning() -> None:
    assert (
        "| `samples` | integer | `2048` | a whole number from 1 to 10^6 | Number of inputs. |"
        in config_docs.settings_tables()
    )


def test_drift_is_a_unified_diff_and_writing_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in config_docs.generated(ROOT):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    schema = tmp_path / "config.schema.json"
    schema.write_text(schema.read_text().replace('"device"', '"devise"', 1))
    assert config_docs.main(["--root", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "--- config.schema.json (in the repository)" in shown
    assert '-    "devise": {' in shown
    assert '+    "device": {' in shown
    assert config_docs.main(["--root", str(tmp_path), "--write"]) == 0
    assert config_docs.main(["--root", str(tmp_path)]) == 0


def test_a_table_is_put_between_its_marks_and_nowhere_else() -> None:
    page = f"above\n{config_docs.TABLE_START}old\n{config_docs.TABLE_END}below\n"
    once = config_docs.with_table(page, "| a |")
    assert once == f"above\n{config_docs.TABLE_START}\n| a |\n\n{config_docs.TABLE_END}below\n"
    assert config_docs.with_table(once, "| a |") == once
