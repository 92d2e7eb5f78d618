import json

import pytest

from widthscope.errors import StudyError
from widthscope.report.claims import collect_claims, seconds_of
from widthscope.report.results import Study
from widthscope.statistics.verdicts import schema

SHARDS = [
    {"rule": "sweep_widths", "wildcards": {"shard": name}, "seconds": seconds}
    for name, seconds in (("rate-fixed", 20.0), ("rate-clip", 30.0), ("scores", 7.0))
]


@pytest.mark.parametrize(
    ("patterns", "seconds"),
    [
        (("rate-*",), 50.0),
        (("rate-*", "*-clip"), 50.0),
        (("scores", "rate-fixed"), 27.0),
        (("*",), 57.0),
        (("RATE-*",), None),
        ((), None),
    ],
)
def test_seconds_are_those_of_the_matching_shards_each_once(patterns, seconds):
    assert seconds_of(patterns, SHARDS) == seconds


@pytest.fixture
def schema_file(tmp_path):
    path = tmp_path / "claims.schema.json"
    path.write_text(json.dumps(schema()))
    return path


def test_every_claim_gets_its_seconds(built):
    seconds = {claim["id"]: claim["seconds"] for claim in built.claims}
    assert seconds["limit_law/output-rate"] == 51.75
    assert seconds["limit_law/depth"] == 12.0
    assert all(claim["study"] == "limit_law" for claim in built.claims)


def test_claims_from_disk_are_not_changed_otherwise(built, run_folder):
    stored = json.loads((run_folder / "limit_law" / "claims.json").read_text())
    assert [{**claim, "seconds": None} for claim in built.claims] == stored


def test_a_claim_that_breaks_the_schema_is_named(built, schema_file):
    broken = [dict(built.claims[0]), {**built.claims[1], "verdict": "perhaps"}]
    study = Study("limit_law", None, broken, [], SHARDS)
    with pytest.raises(
        StudyError, match=r"limit_law/score-covariance does not follow .*: verdict: 'perhaps'"
    ):
        collect_claims([study], schema_file, lambda slug: {})


def test_a_missing_field_is_named(built, schema_file):
    short = {key: value for key, value in built.claims[0].items() if key != "margin_reason"}
    study = Study("limit_law", None, [short], [], SHARDS)
    with pytest.raises(StudyError, match="margin_reason"):
        collect_claims([study], schema_file, lambda slug: {})


def test_a_study_without_claims_needs_no_patterns(schema_file):
    def never(slug):
        raise AssertionError(slug)

    assert collect_claims([Study("limit_law", None, [], [], [])], schema_file, never) == []
