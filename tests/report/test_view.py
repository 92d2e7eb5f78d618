import pytest

from widthscope.report.view import (
    allowed_band,
    allowed_words,
    draws,
    is_confounded,
    quantity_words,
    sampling_unit,
    shortened,
    tally,
    view,
)


@pytest.mark.parametrize(
    ("rule", "prediction", "margin", "band", "words"),
    [
        ("Equals", 1.0, 0.25, (0.75, 1.25), "within ±0.25"),
        ("Equals", None, 0.25, None, "within ±0.25"),
        ("MatchesExact", 0.0, 0.01, (-0.01, 0.01), "no deviation beyond chance, resolution ±0.01"),
        ("Above", None, 5.0, (5.0, None), "above 5"),
        ("Above", None, 0.0, (0.0, None), "above 0"),
        ("Below", None, 0.1, (None, 0.1), "below 0.1"),
        ("SameLaw", 0.0, 0.02, (0.0, 0.02), "KS distance below 0.02"),
        ("Reported", 1.0, None, None, ""),
    ],
)
def test_what_a_rule_allows(rule, prediction, margin, band, words):
    assert allowed_band(rule, prediction, margin) == band
    assert allowed_words(rule, margin) == words


def test_view_of_each_verdict(built):
    views = {claim["id"].split("/")[1]: view(claim) for claim in built.claims}
    assert [
        (views[name].letter, views[name].word) for name in ("plateau", "depth", "paper-kl", "low-rank")
    ] == [
        ("S", "supported"),
        ("R", "refuted"),
        ("U", "undecided"),
        ("–", "reported"),
    ]
    assert tally(views.values()) == [("supported", 8), ("refuted", 1), ("undecided", 3), ("reported", 1)]


def test_confounded_is_undecided_with_its_word(built):
    confounded = [claim for claim in built.claims if is_confounded(claim)]
    assert [claim["id"] for claim in confounded] == ["limit_law/universality"]
    assert view(confounded[0]).word == "undecided · confounded"
    assert view(confounded[0]).control_verdict == "not rejected"


def test_components_stand_beside_those_of_the_control(built):
    test = view(built.claims[0]).tests[0]
    assert len(test.rows) == 6
    assert all(row["component"] == beside["component"] for row, beside in test.rows)


def test_headlines_that_are_not_the_quantity_say_what_they_are(built):
    headlines = {claim["id"].split("/")[1]: view(claim).headline for claim in built.claims}
    assert headlines["exact-sampler"] == "largest Kolmogorov-Smirnov distance"
    assert headlines["non-gaussian"] == "pooled relative deviation from the exact values"
    assert headlines["output-rate"] == ""


def test_quantity_says_what_kind_of_number_it_is_once():
    assert quantity_words("excess kurtosis", "pooled relative deviation") == (
        "pooled relative deviation: excess kurtosis"
    )
    assert quantity_words("largest KS distance", "largest distance") == "largest KS distance"
    assert quantity_words("slope", "") == "slope"


def test_every_rule_of_the_statistics_has_its_words():
    from widthscope.statistics import rules

    named = {name for name in rules.__all__ if name != "Rule"}
    assert named == {"Equals", "MatchesExact", "Above", "Below", "SameLaw", "Reported"}


def test_quantity_is_shortened_only_by_how_its_sample_was_summed_up():
    assert shortened("exponent (4 tokens, 2 coordinates) in 1/n, pooled over widths") == (
        "exponent (4 tokens, 2 coordinates) in 1/n"
    )
    assert shortened("$f(x), g$ at $n$, pooled") == "$f(x), g$ at $n$"
    assert shortened("drop (mean, pooled)") == "drop (mean, pooled)"
    assert shortened("less random walks', mean over seeds, paired over networks") == "less random walks'"
    assert shortened("slope") == "slope"


@pytest.mark.parametrize(
    "quantity",
    [
        "largest deviation of an output, in units of $10^{-10}$",
        "accuracy, mean over removals, along increasing score less the mean over random orders",
        "pseudo-energy at the start less that after $4T$ iterations, over its size at the start",
        "slopes of log rms changes of $h_1$, $h_2$ and $f$ on log M after some steps",
        "rise of the score, largest width, tokens of length 100",
    ],
)
def test_what_changes_a_numbers_meaning_is_never_cut(built, quantity):
    assert shortened(quantity) == quantity
    shown = view({**built.claims[0], "quantity": quantity})
    assert shown.short_quantity == shown.quantity


def test_sample_names_its_unit_and_nothing_is_drawn_for_an_exact_number():
    assert sampling_unit({"n": 16, "quantity": "fall of the KL, mean over seeds"}) == "seeds"
    for words in ("paired by seed", "seed by seed", "share of seeds that end there", "at each seed's rate"):
        assert sampling_unit({"n": 3, "quantity": f"accuracy, {words}"}) == "seeds"
    tests = [{"n": 16, "quantity": "fall, paired over seeds"}]
    assert sampling_unit({"n": 16, "quantity": "slope", "tests": tests}) == "seeds"
    assert sampling_unit({"n": 180, "quantity": "slope", "tests": tests}) == "draws"
    assert sampling_unit({"n": 16, "quantity": "slope"}) == "draws"
    assert sampling_unit({"n": 1, "quantity": "slope"}) == "draw"
    assert sampling_unit({"n": 0, "quantity": "slope"}) == ""
    assert draws(0, -1.0) == "deterministic"
    assert draws(0, None) == "–"
