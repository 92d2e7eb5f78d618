from widthscope.report.reasons import LONGEST, cause, causes_in_words, decided_by, short_reason

WIDE = "the interval [0.8789, 1.037] is neither within 0.1 nor wholly outside (a sample about 1.9 times as large would do, if the estimate stays)"  # noqa: E501


def outcome(name, verdict, reason="as it should", rule="Equals(margin=0.1)"):
    return {
        "name": name,
        "verdict": verdict,
        "reason": reason,
        "rule": rule,
        "quantity": f"slope on {name}",
        "estimate": 0.958,
        "interval": (0.8789, 1.037),
    }


def claim_of(verdict, *tests, rejected=True, control_verdict="refuted"):
    control = {"test": "fixed", "rejected": rejected, "verdict": control_verdict}
    return {"verdict": verdict, "tests": tests, "control": control, "reason": "because"}


DRAWS = claim_of("undecided", outcome("fixed", "supported"), outcome("relu", "undecided", WIDE))
CONTROL = claim_of(
    "undecided", outcome("fixed", "undecided", WIDE), rejected=False, control_verdict="undecided"
)
CONFOUNDED = claim_of("undecided", outcome("fixed", "supported"), rejected=False, control_verdict="supported")
FAILED = claim_of("undecided", outcome("fixed", "undecided", "1 of 3 have no estimate (first: layer 2)"))
SUPPORTED = claim_of("supported", outcome("fixed", "supported"))


def test_causes_of_undecided_claims():
    assert [cause(claim) for claim in (DRAWS, CONTROL, CONFOUNDED, FAILED, SUPPORTED)] == [
        "draws",
        "draws",
        "control",
        "failed",
        "",
    ]
    assert causes_in_words([DRAWS, SUPPORTED, CONFOUNDED, CONTROL]) == (
        "3 undecided: 2 for want of draws or seeds, 1 because the control shows the same effect"
    )
    assert causes_in_words([DRAWS]) == "1 undecided, for want of draws or seeds"
    assert causes_in_words([SUPPORTED]) == ""


def test_the_short_reason_names_the_deciding_test():
    assert short_reason(DRAWS) == (
        "relu: the interval [0.8789, 1.037] is neither within 0.1 nor wholly outside "
        "(a sample about 1.9 times as large would do)"
    )
    both = claim_of(
        "undecided", outcome("fixed", "undecided", "too coarse; details"), outcome("relu", "undecided")
    )
    assert short_reason(both) == "fixed: too coarse; and 1 more test"
    assert short_reason(CONTROL) == "the control is undecided itself"
    assert short_reason(CONFOUNDED) == "the control shows the same effect"
    assert short_reason(SUPPORTED) == ""


def test_a_failed_measurement_says_what_a_decisive_run_takes():
    assert short_reason(FAILED | {"needs": "more sweeps"}).endswith("layer 2); it takes more sweeps")
    assert "takes" not in short_reason(FAILED)
    assert "takes" not in short_reason(DRAWS | {"needs": "more sweeps"})
    nothing = CONTROL | {"reason": "the control (every estimate failed (3 of 3))", "needs": "more sweeps"}
    assert cause(nothing) == "failed"
    assert short_reason(nothing) == "a measurement failed, of the control at least; it takes more sweeps"
    assert cause(CONFOUNDED | {"needs": "more sweeps"}) == "control"


def test_a_long_reason_is_cut_between_words():
    shown = short_reason(claim_of("refuted", outcome("fixed", "refuted", "word " * 100)))
    assert shown.endswith("word …")
    assert len(shown) <= LONGEST + 2


def test_a_shown_test_without_a_verdict_decides_nothing():
    reported = outcome("parts", "undecided", rule="Reported()")
    claim = claim_of("undecided", outcome("fixed", "undecided", WIDE), reported)
    assert short_reason(claim).startswith("the interval")


def test_decided_by_is_said_only_where_it_is_not_the_headline():
    assert decided_by(DRAWS) == "decided by test relu: 0.958 [0.879, 1.037], slope on relu"
    assert decided_by(FAILED) == decided_by(CONTROL) == decided_by(CONFOUNDED) == decided_by(SUPPORTED) == ""
    elsewhere = claim_of(
        "undecided", outcome("first", "supported"), outcome("fixed", "supported"), rejected=False
    )
    assert decided_by(elsewhere) == "decided by the control of test fixed"
