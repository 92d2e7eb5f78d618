"""Every way in which a product can stop to stand, and that nothing else is blamed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.inspect.hand_made import CLAIMS, DATASET, FIGURES, FIT, ORDER, SHARD, Lab

from widthscope.inspect.standing import State, standings

STORE = Path(SHARD.replace(".digest.json", ".zarr"))


def states(lab: Lab, check_content: bool = True) -> dict[str, str]:
    return {product: str(s.state) for product, s in standings(lab.plan(), check_content).items()}


def reasons(lab: Lab, product: str) -> tuple[str, ...]:
    return standings(lab.plan())[product].reasons


def stale_from(*products: str) -> dict[str, str]:
    return {product: "stale" if product in products else "ok" for product in ORDER}


def test_a_finished_run_stands(lab: Lab) -> None:
    assert states(lab) == dict.fromkeys(ORDER, "ok")


def test_a_copied_run_stands(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(lab.root, copy, copy_function=shutil.copyfile)
    monkeypatch.chdir(copy)
    assert states(Lab(copy)) == dict.fromkeys(ORDER, "ok")


def test_a_changed_setting_is_named_and_what_follows_is_stale(lab: Lab) -> None:
    lab.settings["seed"] = 1
    assert states(lab) == stale_from(SHARD, FIT, CLAIMS, FIGURES)
    assert reasons(lab, SHARD) == ("setting shard.seed changed: 0 -> 1",)
    assert standings(lab.plan())[FIT].upstream == (SHARD,)
    assert reasons(lab, FIT) == ()


def test_new_and_dropped_settings_are_named(lab: Lab) -> None:
    del lab.settings["seed"]
    lab.settings["draws"] = 100
    assert reasons(lab, SHARD) == (
        "setting shard.seed changed: 0 -> (absent)",
        "setting shard.draws changed: (absent) -> 100",
    )


def test_changed_source_is_named_with_its_function(lab: Lab) -> None:
    lab.edit("law", "return -1", "return -2")
    assert states(lab) == stale_from(SHARD, FIT, CLAIMS, FIGURES)
    assert reasons(lab, SHARD) == reasons(lab, FIT) == ("source lab.law changed: slope",)
    assert reasons(lab, CLAIMS) == ()


def test_a_comment_changes_nothing(lab: Lab) -> None:
    lab.edit("law", "return -1", "return -1  # the slope")
    assert states(lab) == dict.fromkeys(ORDER, "ok")


def test_a_figure_module_touches_figures_only(lab: Lab) -> None:
    lab.edit("figures", "{}", "{'a': 1}")
    assert states(lab) == stale_from(FIGURES)


def test_an_input_made_anew_with_other_content_is_named(lab: Lab) -> None:
    lab.make(SHARD, content=[1.0, 2.0])
    assert states(lab) == stale_from(FIT, CLAIMS, FIGURES)
    assert reasons(lab, FIT) == (f"input {SHARD} has other content than the one that was read",)


def test_an_input_made_anew_with_the_same_content_changes_nothing(lab: Lab) -> None:
    lab.make(SHARD)
    assert states(lab) == dict.fromkeys(ORDER, "ok")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def chunk() -> Path:
    return next(path for path in STORE.rglob("*") if path.is_file() and path.parent.name == "c")


@pytest.mark.parametrize(
    ("damage", "product", "state", "words"),
    [
        (lambda: flip(chunk()), SHARD, State.ALTERED, "of /value cannot be decoded"),
        (lambda: chunk().unlink(), SHARD, State.TORN, "of /value is missing"),
        (lambda: shutil.rmtree(STORE), SHARD, State.TORN, "rate.zarr is missing"),
        (lambda: Path(SHARD).write_text('{"dig'), SHARD, State.TORN, "no whole digest file"),
        (lambda: Path(SHARD).unlink(), SHARD, State.MISSING, "there is no such product yet"),
        (
            lambda: Path(SHARD.replace("digest", "provenance")).unlink(),
            SHARD,
            State.TORN,
            "did not finish",
        ),
        (lambda: flip(Path(CLAIMS)), CLAIMS, State.ALTERED, "is not what the job wrote"),
        (
            lambda: flip(Path(FIGURES.replace(".json", "/rate.svg"))),
            FIGURES,
            State.ALTERED,
            "is not what the job drew",
        ),
        (
            lambda: Path(FIGURES.replace(".json", "/rate.svg")).unlink(),
            FIGURES,
            State.TORN,
            "rate.svg is missing",
        ),
    ],
)
def test_damage_is_found_and_named(
    lab: Lab, damage: Callable[[], object], product: str, state: State, words: str
) -> None:
    damage()
    found = standings(lab.plan())
    assert found[product].state is state
    assert words in " ".join(found[product].reasons)
    before = ORDER[: ORDER.index(product)]
    assert all(found[other].state is State.OK for other in before if other not in (CLAIMS,))


def test_a_digest_exchanged_with_its_store_is_found(lab: Lab) -> None:
    """A whole store with a whole digest, but not the ones of the record."""
    record = Path(SHARD.replace("digest", "provenance")).read_text()
    lab.make(SHARD, content=[3.0])
    Path(SHARD.replace("digest", "provenance")).write_text(record)
    assert states(lab)[SHARD] == "altered"


def test_without_content_only_records_are_compared(lab: Lab) -> None:
    flip(chunk())
    assert states(lab, check_content=False) == dict.fromkeys(ORDER, "ok")
    assert states(lab)[SHARD] == "altered"


def test_a_changed_package_is_named(lab: Lab) -> None:
    path = Path(SHARD.replace("digest", "provenance"))
    record = json.loads(path.read_text())
    now = record["source"]["versions"]["numpy"]
    record["source"]["versions"]["numpy"] = "1.26.4"
    path.write_text(json.dumps(record))
    assert reasons(lab, SHARD) == (f"package numpy changed: 1.26.4 -> {now}",)


def test_the_gravest_state_wins_and_every_reason_is_told(lab: Lab) -> None:
    lab.settings["seed"] = 1
    flip(chunk())
    found = standings(lab.plan())[SHARD]
    assert found.state is State.ALTERED
    assert len(found.reasons) == 2
    assert states(lab)[DATASET] == "ok"
