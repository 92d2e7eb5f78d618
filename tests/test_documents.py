"""What is written for people holds: links lead somewhere, examples are valid, nothing is left to fill in."""

import re
from pathlib import Path

import pytest
import yaml

from widthscope.config import load

ROOT = Path(__file__).parents[1]
EVERY = [*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md")]
PAGES = sorted(page for page in EVERY if not {".venv", "results"} & {*page.parts})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_and_nothing_is_left_to_fill_in(page: Path) -> None:
    text = page.read_text()
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []
    assert re.findall(r"@[A-Z]+@|TODO|FIXME|TBD", text) == []


def test_the_example_in_the_laptop_configuration_is_valid() -> None:
    text = (ROOT / "config.yaml").read_text()
    example = re.sub(r"^  limit_law: \{\}\n", "", text, flags=re.M)
    example = re.sub(r"^  # (?=( *)(limit_law|convergence|rate):)", "  ", example, flags=re.M)
    config = load(yaml.safe_load(example), "config.yaml")
    assert config.studies["limit_law"].convergence.rate.widths[-1] == 1024  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["config.yaml", "config.paper.yaml", "tests/config.smoke.yaml"])
def test_every_configuration_is_valid(name: str) -> None:
    config = load(yaml.safe_load((ROOT / name).read_text()), name)
    assert config.run == {"config.yaml": "laptop"}.get(name, name.split(".")[1])
