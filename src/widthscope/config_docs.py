"""Writes what the typed settings say: the editors' JSON schemas, the settings tables, the dataset table.

python -m widthscope.config_docs            say which of the generated files have drifted
python -m widthscope.config_docs --write    write them
"""

import argparse
import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, create_model

from widthscope import studies
from widthscope.config import Config, Section
from widthscope.config_allowed import allowed, kind, resolve
from widthscope.datasets import catalogue

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOT_EMPTY: Schema = {
    "anyOf": [
        {"required": ["studies"], "properties": {"studies": {"type": "object", "minProperties": 1}}},
        {"required": ["checkpoints"], "properties": {"checkpoints": {"minItems": 1}}},
    ]
}
"""A run needs a study or a checkpoint."""
TABLE_START, TABLE_END = "<!-- generated table -->\n", "<!-- end of the generated table -->\n"
COLUMNS = "| setting | type | default | allowed | meaning |\n|---|---|---|---|---|\n"
COMMAND = "python -m widthscope.config_docs --write"


def schema() -> Schema:
    """JSON schema of a whole configuration file, with the settings of every study there is."""
    rooms: dict[str, Any] = {
        slug: (studies.load(slug, "settings").Settings | None, Field(default=None))
        for slug in studies.names()
    }
    all_studies = create_model("Studies", __base__=Section, **rooms)
    named: Any = Field(default={}, description=Config.model_fields["studies"].description)
    whole = create_model("Config", __base__=Config, studies=(all_studies | None, named))
    return {"$schema": DIALECT, "title": "widthscope", **_untitled(whole.model_json_schema()), **NOT_EMPTY}


def _untitled(part: Any) -> Any:
    """The schema without the titles that pydantic makes of names; editors show the names themselves."""
    if isinstance(part, dict):
        return {
            key: _untitled(value)
            for key, value in part.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in part] if isinstance(part, list) else part


def settings_tables() -> str:
    """Every setting of the configuration as Markdown tables, one for each section."""
    root = schema()
    text = ""
    for path, section in _sections(root, root, ""):
        rows = [
            _row(name, resolve(field, root), root, required=name in section.get("required", ()))
            for name, field in section["properties"].items()
            if "properties" not in _filled(field, root) or resolve(field, root).get("type") == "array"
        ]
        title = f"## `{path}`" if path else "## The run"
        text += f"\n{title}\n\n{section.get('description', '').strip()}\n"
        text += f"\n{COLUMNS}{''.join(rows)}" if rows else ""
    return text


def _sections(section: Schema, root: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """A section and all below it, each with its path, in the order of the settings classes."""
    if path != "studies":  # it only names the studies, which follow
        yield path, section
    for name, field in section["properties"].items():
        below = _filled(field, root)
        if "properties" in below:
            several = "[]" if resolve(field, root).get("type") == "array" else ""
            yield from _sections(below, root, f"{path}.{name}{several}" if path else f"{name}{several}")


def _filled(field: Schema, root: Schema) -> Schema:
    """The schema of a setting when it is not left empty; of an entry where it is a list of sections."""
    field = resolve(field, root)
    if "properties" in (entry := resolve(field.get("items", {}), root)):
        return entry
    branches = [resolve(branch, root) for branch in field.get("anyOf", ())]
    filled = [branch for branch in branches if branch.get("type") != "null"]
    return filled[0] if len(filled) == 1 and "properties" in filled[0] else field


def _row(name: str, field: Schema, root: Schema, required: bool) -> str:
    default = "must be given" if required else f"`{json.dumps(field.get('default'))}`"
    unit = f" ({field['unit']})" if field.get("unit") else ""
    meaning = field.get("description", "").replace("\n", " ") + unit
    cells = (f"`{name}`", kind(field, root), default, allowed(field, root), meaning)
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |\n"


def generated(root: Path) -> dict[str, str]:
    """The generated files by their path in the repository, as the source says they should be."""
    from widthscope.statistics import verdicts  # heavier than settings; only here

    tables = (
        "# Settings\n\nEvery setting of a configuration file, with its default and what it may be. "
        f"This page is written by `{COMMAND}` from the settings classes; edit those.\n{settings_tables()}"
    )
    return {
        "config.schema.json": _json(schema()),
        "report/claims.schema.json": _json(verdicts.schema()),
        "docs/settings.md": tables,
        "data/README.md": with_table(
            (root / "data/README.md").read_text(encoding="utf-8"), catalogue.table()
        ),
    }


def with_table(page: str, table: str) -> str:
    """The page with the table put between its two marks."""
    before, _, rest = page.partition(TABLE_START)
    return f"{before}{TABLE_START}\n{table}\n\n{TABLE_END}{rest.partition(TABLE_END)[2]}"


def drift(root: Path) -> str:
    """Unified diff from the files in the repository to what they should be; empty if they agree."""
    text = ""
    for name, expected in generated(root).items():
        path = root / name
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = found.splitlines(keepends=True), expected.splitlines(keepends=True)
        text += "".join(
            difflib.unified_diff(*lines, f"{name} (in the repository)", f"{name} (as the source says)")
        )
    return text


def _json(value: Schema) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or fail with a diff if they have drifted."""
    parser = argparse.ArgumentParser(prog="python -m widthscope.config_docs", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the files instead of comparing them")
    parser.add_argument("--root", type=Path, default=Path("."), help="the repository's folder")
    options = parser.parse_args(arguments)
    if options.write:
        for name, text in generated(options.root).items():
            (options.root / name).write_text(text, encoding="utf-8")
        return 0
    text = drift(options.root)
    sys.stdout.write(text)
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
