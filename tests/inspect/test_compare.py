import json
import shutil
from pathlib import Path

import pytest
from tests.inspect.hand_made import CLAIMS, DATASET, FIGURES, FIT, ORDER, RUN, SHARD, Lab, claim

from widthscope.errors import ConfigError, StoreError
from widthscope.inspect.compare import Compared, Grade, claims_differences, compare, first_divergence

OTHER = Path("results/other")


def compared(lab: Lab) -> dict[str, Compared]:
    return {f"{RUN}/{one.name}": one for one in compare(Path(RUN), OTHER)}


@pytest.fixture
def twice(lab: Lab) -> Lab:
    """The run, and a copy of it in `OTHER`."""
    shutil.copytree(RUN, OTHER)
    return lab


def test_a_copy_is_identical(twice: Lab) -> None:
    found = compared(twice)
    assert list(found) == ORDER
    assert {one.grade for one in found.values()} == {Grade.IDENTICAL}
    assert first_divergence(found.values()) is None


def test_the_first_stage_that_differs_is_named_with_its_variables_and_causes(twice: Lab) -> None:
    twice.settings["seed"] = 1
    twice.edit("law", "-1", "-2")
    twice.make(SHARD, content=[1.0])
    twice.make(FIT, content=[2.0])
    found = compared(twice)
    first = first_divergence(found.values())
    assert first is not None
    assert (first.stage, f"{RUN}/{first.name}") == ("sweep", SHARD)
    assert first.reasons == (
        "differs in /value",
        "setting shard.seed: 1 and 0",
        "source lab.law changed: slope",
    )
    assert [found[name].grade for name in ORDER] == [
        Grade.IDENTICAL,
        Grade.WITHIN,
        Grade.WITHIN,
        Grade.IDENTICAL,
        Grade.IDENTICAL,
    ]


def test_claims_within_each_others_intervals_grade_the_study(twice: Lab) -> None:
    twice.make(FIT, content=[2.0])
    twice.make(CLAIMS, content=[claim(estimate=-0.95)])
    assert [one.grade for one in compared(twice).values()] == [
        Grade.IDENTICAL,
        Grade.IDENTICAL,
        Grade.WITHIN,
        Grade.WITHIN,
        Grade.IDENTICAL,
    ]


def test_claims_outside_make_the_study_different(twice: Lab) -> None:
    twice.make(FIT, content=[2.0])
    twice.make(CLAIMS, content=[claim(estimate=-0.8)])
    found = compared(twice)
    assert found[FIT].grade is found[CLAIMS].grade is Grade.DIFFERENT
    assert found[CLAIMS].reasons[-1] == ("lab/rate: estimate -0.8 lies outside [-1.1, -0.9] of the other run")
    assert found[FIGURES].grade is Grade.IDENTICAL


def test_a_dataset_is_graded_by_the_worst_study(twice: Lab) -> None:
    twice.make(DATASET, content=[1.0])
    assert compared(twice)[DATASET].grade is Grade.WITHIN
    twice.make(CLAIMS, content=[claim(verdict="refuted")])
    assert compared(twice)[DATASET].grade is Grade.DIFFERENT


def test_a_product_of_one_run_only_is_different(twice: Lab) -> None:
    (OTHER / Path(SHARD).relative_to(RUN)).unlink()
    found = compared(twice)
    assert found[SHARD].grade is Grade.DIFFERENT
    assert found[SHARD].reasons == ("it is in the first run only",)


OUTSIDE = "lab/rate: estimate -1.0 lies outside [-1.06, -1.04] of the other run"
NO_INTERVAL = "lab/rate: estimate -1.0 lies outside [None, None] of the other run"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (claim(), []),
        (claim(estimate=-1.0 * (1 + 1e-12), interval=[-1.0, -1.0]), []),
        (claim(verdict="undecided"), ["lab/rate is supported in one run and undecided in the other"]),
        (claim(estimate=-1.05, interval=[-1.06, -1.04]), [OUTSIDE]),
        (claim(interval=[None, -0.9]), []),
        (claim(estimate=-1.05, interval=[None, None]), [NO_INTERVAL]),
        (claim(interval=None, verdict="reported"), ["supported in one run and reported in the other"]),
        (claim(estimate=-1.05, interval=None), [NO_INTERVAL]),
        (claim(estimate=None), ["-1.0 lies outside", "None lies outside"]),
        (claim(name="lab/other"), ["lab/other is in one run only", "lab/rate is in one run only"]),
    ],
)
def test_claims_agree_if_each_estimate_lies_in_the_others_interval(other: dict, words: list[str]) -> None:
    lines = claims_differences([claim()], [other])
    assert len(lines) == len(words)
    assert all(word in line for word, line in zip(words, lines, strict=True))


def test_bad_input_is_one_sentence(twice: Lab, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^there is no run folder results/none$"):
        compare(Path(RUN), Path("results/none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no finished product"):
        compare(Path(RUN), tmp_path / "empty")
    (OTHER / Path(CLAIMS).relative_to(RUN)).write_text("[{")
    with pytest.raises(StoreError, match=r"claims\.json of study 'lab' is torn"):
        compare(Path(RUN), OTHER)


def test_other_circumstances_are_told_as_causes(twice: Lab) -> None:
    path = OTHER / Path(SHARD.replace("digest", "provenance")).relative_to(RUN)
    record = json.loads(path.read_text()) | {"device": "cuda", "threads": 8, "versions": {"python": "3.12.0"}}
    path.write_text(json.dumps(record))
    twice.make(SHARD, content=[1.0])
    assert compared(twice)[SHARD].reasons[1:] == (
        "device: cpu and cuda",
        "threads: 1 and 8",
        "numpy: 2.0.0 and None",
        "python: 3.11.7 and 3.12.0",
    )
