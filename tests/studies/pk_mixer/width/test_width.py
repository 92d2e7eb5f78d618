"""From networks of several widths to verdicts and figures."""

from fnmatch import fnmatch

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.config import load
from widthscope.datasets import digits
from widthscope.errors import ConfigError
from widthscope.mixers.effective_width import channels_at_connections, channels_at_parameters
from widthscope.statistics.claims import judge
from widthscope.studies.pk_mixer.width import experiment, figures, fit, plan
from widthscope.studies.pk_mixer.width.arms import ARMS, LABELS
from widthscope.studies.pk_mixer.width.claims import CLAIMS
from widthscope.studies.pk_mixer.width.settings import Isolated, Parameters, Sparse, Standard, Width
from widthscope.work import Work

SHAPES = ((3, 17), (5, 12), (8, 8), (12, 5))
SETTINGS = Width(
    train=100,
    test=200,
    batch=50,
    end_width=4,
    sparse=Sparse(connections=64, widths=(8, 12, 16), epochs=2, seeds=3),
    standard=Standard(connections=512, shapes=SHAPES, epochs=2, seeds=3),
    isolated=Isolated(connections=512, shapes=SHAPES, epochs=2, seeds=3),
    parameters=Parameters(parameters=100, shapes=((4, 9), (6, 8), (7, 7)), epochs=2, seeds=3),
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(datasets):
    return {
        shard.name: experiment.run(shard.settings, datasets, Work())
        for shard in plan.shards(SETTINGS, seed=7)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def invented(trends: dict[str, dict[str, float]], seeds: int = 12, noise: float = 0.002) -> xr.DataTree:
    """Accuracies with these slopes on ln m, by experiment and arm, at the laptop's shapes."""
    generator = np.random.default_rng(3)
    nodes = {}
    for name, arms in ARMS.items():
        own = getattr(Width(), name)
        shapes = [(1, width) for width in own.widths] if name == "sparse" else own.shapes
        rows = [(arm, s, c) for arm in arms for s, c in shapes]
        means = [0.8 + trends.get(name, {}).get(arm, 0.0) * np.log(s * c / 200) for arm, s, c in rows]
        values = np.array(means)[:, None] + noise * generator.standard_normal((len(rows), seeds))
        fits = np.ones_like(values)
        for place, (arm, _, _) in enumerate(rows):
            if arm == "one-layer" or arm.endswith("-frozen"):
                fits[place] = 0.5 + 0.01 * generator.standard_normal(seeds)
        nodes[f"/{name}"] = xr.Dataset(
            {"test_accuracy": (("network", "seed"), values), "train_accuracy": (("network", "seed"), fits)},
            coords={
                "seed": range(seeds),
                "arm": ("network", [arm for arm, _, _ in rows]),
                "tokens": ("network", [s for _, s, _ in rows]),
                "channels": ("network", [c for _, _, c in rows]),
            },
            attrs={"train": 500, "test": 1000, "noise": 0.7, "epochs": 20},
        )
    return xr.DataTree.from_dict(nodes)


TRENDS = {
    "sparse": {"sparse": 0.02, "sparse-frozen": -0.05},
    "standard": {
        "mixer": 0.04,
        "permuted": 0.04,
        "mixer-frozen": 0.07,
        "permuted-frozen": 0.08,
        "unmixed": 0.03,
        "mixer-isolated": -0.1,
    },
    "isolated": {"mixer": -0.1, "permuted": -0.1, "permuted-sparse-ends": -0.2},
    "parameters": {"mixer": 0.04, "permuted": 0.04, "mixer-frozen": 0.05, "permuted-frozen": 0.05},
}


def raised(tree: xr.DataTree, experiment: str, arm: str, by: float) -> xr.DataTree:
    """The same with one arm's test accuracies larger."""
    node = tree[experiment].to_dataset()
    accuracy = node["test_accuracy"] + by * (node["arm"] == arm)
    return xr.DataTree.from_dict(
        {f"/{name}": child.to_dataset() for name, child in tree.children.items()}
        | {f"/{experiment}": node.assign(test_accuracy=accuracy)}
    )


def verdicts(trends, *raises):
    tree = invented(trends)
    for arm, by in raises:
        tree = raised(tree, "parameters", arm, by)
    found = fit.fit({"width": tree}, {})
    return {v.id.partition("/")[2]: v for v in judge("s", "1", CLAIMS, xr.DataTree.from_dict(found))}


def test_what_the_control_does_too_is_confounded_and_what_goes_the_other_way_refuted():
    found = verdicts(TRENDS)
    assert found["golubeva-sw"].verdict == "supported"
    assert found["peak-fixed-connections-std"].verdict == "undecided"
    assert "confounded" in found["peak-fixed-connections-std"].reason
    assert found["control-frozen-mixing"].verdict == "supported"
    assert found["peak-fixed-connections-iso"].verdict == "refuted"
    assert found["peak-fixed-params-iso"].verdict == "undecided"
    assert "confounded" in found["peak-fixed-params-iso"].reason


def test_without_the_controls_trend_the_claims_would_be_supported():
    gone = {"mixer-frozen": -0.07, "permuted-frozen": -0.07}
    found = verdicts(
        {**TRENDS, "standard": TRENDS["standard"] | gone, "parameters": TRENDS["parameters"] | gone}
    )
    assert found["peak-fixed-params-iso"].verdict == "supported"
    assert found["peak-fixed-connections-std"].verdict == "supported"
    assert found["control-frozen-mixing"].verdict == "refuted"


def test_permutations_that_help_frozen_mixings_as_well_are_confounded():
    claim = "rp-vs-mixer"
    assert verdicts(TRENDS, ("permuted", 0.02), ("permuted-frozen", -0.02))[claim].verdict == "supported"
    assert verdicts(TRENDS, ("permuted", -0.02), ("permuted-frozen", -0.02))[claim].verdict == "refuted"
    alike = verdicts(TRENDS, ("permuted", 0.02), ("permuted-frozen", 0.03))[claim]
    assert alike.verdict == "undecided"
    assert "confounded" in alike.reason
    against = next(test for test in alike.tests if test.name == "against-frozen")
    assert against.estimate == pytest.approx(-0.01, abs=0.002)


def test_gains_are_of_trained_over_frozen_networks_shape_by_shape(tree, stored):
    for claim, name, arms in (
        ("golubeva-sw", "sparse", ("sparse",)),
        ("control-frozen-mixing", "standard", ("mixer", "permuted")),
        ("peak-fixed-connections-iso", "isolated", ("mixer", "permuted")),
        ("peak-fixed-params-iso", "parameters", ("mixer", "permuted")),
    ):
        node = stored["width"][name].to_dataset()
        width = node["tokens"] * node["channels"]
        order = np.lexsort((node["tokens"].values, width.values))
        values = {
            arm: node["test_accuracy"].values[order][node["arm"].values[order] == arm] for arm in ARMS[name]
        }
        gains = np.concatenate([(values[arm] - values[f"{arm}-frozen"]).mean(axis=1) for arm in arms])
        assert np.allclose(tree[f"/claims/{claim}/gain/measured"]["estimate"], gains)
        lines = tree[f"/claims/{claim}/against-frozen/measured"]["component"].values
        assert list(lines) == [LABELS[arm] for arm in arms]


def test_without_mixing_layers_each_width_is_there_once(stored):
    node = stored["width"]["standard"].to_dataset()
    count = {arm: int((node["arm"] == arm).sum()) for arm in ARMS["standard"]}
    assert count.pop("unmixed") == 3
    assert set(count.values()) == {4}


def test_sparse_networks_that_do_not_fit_the_training_set_refute_the_claim():
    tree = invented(TRENDS)
    node = tree["sparse"].to_dataset()
    wide = (node["arm"] == "sparse") & (node["channels"] == 256)
    tree["sparse"] = xr.DataTree(node.assign(train_accuracy=node["train_accuracy"].where(~wide, 0.95)))
    found = xr.DataTree.from_dict(fit.fit({"width": tree}, {}))
    (verdict,) = (v for v in judge("s", "1", CLAIMS, found) if v.id == "s/golubeva-sw")
    assert {test.name: test.verdict for test in verdict.tests}["fits"] == "refuted"
    assert verdict.verdict == "refuted"


def test_slopes_peaks_and_paired_differences_by_hand(stored, tree):
    node = stored["width"]["standard"].to_dataset()
    mixer = node.isel(network=np.flatnonzero(node["arm"].values == "mixer"))
    m = (mixer["tokens"] * mixer["channels"]).values
    accuracy = mixer["test_accuracy"].values
    expected = [np.polyfit(np.log(m), accuracy[:, seed], 1)[0] for seed in range(3)]
    measured = tree["/claims/peak-fixed-connections-std/slope/measured"]
    assert float(measured["estimate"][0]) == pytest.approx(np.mean(expected))
    assert float(measured["standard_error"][0]) == pytest.approx(np.std(expected, ddof=1) / 3**0.5)
    square = list(zip(mixer["tokens"].values, mixer["channels"].values, strict=True)).index((8, 8))
    peak = accuracy[square] - np.delete(accuracy, square, axis=0).mean(axis=0)
    found = tree["/claims/peak-fixed-connections-std/peak/measured"]
    assert float(found["estimate"][0]) == pytest.approx(peak.mean())

    both = stored["width"]["parameters"].to_dataset()
    means = {
        arm: both["test_accuracy"].values[both["arm"].values == arm].mean(axis=0)
        for arm in ("mixer", "permuted")
    }
    difference = tree["/claims/rp-vs-mixer/difference/measured"]
    gain = means["permuted"] - means["mixer"]
    assert float(difference["estimate"][0]) == pytest.approx(gain.mean())
    assert float(difference["standard_error"][0]) == pytest.approx(gain.std(ddof=1) / 3**0.5)


def test_the_square_is_held_against_every_other_shape(tree):
    peak = tree["/claims/peak-fixed-params-iso/peak/measured"]["component"].values
    second = tree["/claims/peak-fixed-params-iso/second-widest/measured"]["component"].values
    assert list(peak) == [f"{LABELS[arm]}, S = 4, C = 9" for arm in ("mixer", "permuted")]
    assert list(second) == [f"{LABELS[arm]}, S = 6, C = 8" for arm in ("mixer", "permuted")]


def test_all_shapes_of_the_second_largest_width_are_second_widest():
    shapes = ((8, 45), (45, 8), (16, 42), (42, 16), (32, 32))
    accuracy = np.tile(np.array([[0.1], [0.2], [0.3], [0.4], [0.9]]), (1, 4))
    arm = xr.Dataset(
        {"test_accuracy": (("network", "seed"), accuracy)},
        coords={
            "tokens": ("network", [s for s, _ in shapes]),
            "channels": ("network", [c for _, c in shapes]),
            "width": ("network", [s * c for s, c in shapes]),
        },
    )
    for second, expected in ((True, [0.6, 0.5]), (False, [0.8, 0.7])):
        found = fit._against_square({"mixer": arm}, ["mixer"], second)
        assert np.allclose(found["estimate"], expected)


def test_a_seed_that_diverged_leaves_the_slope_unmeasured(stored):
    broken = stored["width"].copy(deep=True)
    broken["standard"]["test_accuracy"][0, 0] = np.nan
    found = fit.fit({"width": broken}, {})
    assert np.isnan(found["/claims/peak-fixed-connections-std/slope/measured"]["estimate"].values).all()
    for drawing in figures.draw(xr.DataTree.from_dict(found)).values():
        assert "nan" not in drawing.caption + drawing.alt


def test_shards_by_arm_and_by_network_give_the_same_evidence(datasets, stored, tree, monkeypatch):
    monkeypatch.setattr(plan, "TOGETHER_SECONDS", 0.0)
    monkeypatch.setattr(plan, "EXPERIMENT_SECONDS", 0.0)
    monkeypatch.setattr(plan, "SHARD_SECONDS", 1e-9)
    shards = [
        shard for shard in plan.shards(SETTINGS, seed=7) if shard.name.startswith(("width-sp", "width-par"))
    ]
    assert "width-parameters-permuted-s4-c9-from2" in [shard.name for shard in shards]
    parts = {shard.name: experiment.run(shard.settings, datasets, Work()) for shard in shards}
    for name in ("sparse", "parameters"):
        together = fit.arms_of({"width": stored["width"]}, name)
        apart = fit.arms_of(parts, name)
        assert together.keys() == apart.keys()
        for arm, table in together.items():
            assert np.array_equal(table["test_accuracy"], apart[arm]["test_accuracy"])
            assert np.array_equal(table["seed"], apart[arm]["seed"])


def test_more_seeds_leave_the_first_ones_as_they_were(datasets, stored):
    more = SETTINGS.model_copy(update={"sparse": SETTINGS.sparse.model_copy(update={"seeds": 4})})
    (shard,) = plan.shards(more, seed=7)
    only = {**shard.settings, "experiments": {"sparse": shard.settings["experiments"]["sparse"]}}
    found = experiment.run(only, datasets, Work())["sparse"]["test_accuracy"]
    assert np.array_equal(found[:, :3], stored["width"]["sparse"]["test_accuracy"])


def test_every_judged_test_has_a_control_and_figures_are_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_accuracies_are_drawn_from_0_to_1_beside_their_legend(tree):
    """Intervals of few seeds reach further than accuracies do."""
    arms = {arm: node.to_dataset() for arm, node in tree["/curves/width-standard"].children.items()}
    vague = {arm: curve.assign(test_accuracy_half=curve["width"] * 0.0 + 3) for arm, curve in arms.items()}
    figure = figures.standard(vague).figure
    for axes in figure.axes:
        assert axes.get_ylim() == pytest.approx((-0.03, 1.03))
        assert axes.get_legend() is None
    assert len(figure.legends) == 1


def test_an_undecided_claim_says_what_its_own_intervals_take(tree):
    """And no result that this run need not have."""
    for claim in judge("s", "1", CLAIMS, tree):
        assert "frozen layers" not in claim.needs
        assert bool(claim.needs) == (claim.verdict == "undecided")


def test_shapes_have_the_channels_that_their_budgets_leave():
    for experiment_settings in (Standard(), Isolated()):
        for tokens, channels in experiment_settings.shapes:
            assert channels == round(channels_at_connections(tokens, experiment_settings.connections))
    free = Parameters()
    for tokens, channels in free.shapes:
        assert channels == round(channels_at_parameters(tokens, free.parameters))


@pytest.mark.parametrize("settings", [SETTINGS, Width()], ids=["smoke", "laptop"])
def test_every_claim_has_shards_and_none_is_long(settings):
    shards = plan.shards(settings, seed=0)
    for claim in CLAIMS:
        for pattern in claim.shards:
            assert len(shards) > 1 or pattern == "width" or not fnmatch("width", pattern)
        assert any(fnmatch(shard.name, pattern) for shard in shards for pattern in claim.shards)
    assert all(shard.cost.seconds < 75 for shard in shards)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"train": 1000, "test": 900},
            "1000 images to train on and 900 to test on are 1900; the digits have 1797",
        ),
        ({"batch": 600}, "a batch of 600 needs as many images, not 500"),
        ({"end_width": 100}, "end_width 100 must be at most the narrowest width, 64"),
        ({"sparse": {"connections": 200}}, "200 connections must be at least one for each unit"),
        ({"standard": {"shapes": [[2, 63], [4, 43], [15, 16]]}}, r"S = C, where .* not \(15, 16\)"),
        (
            {"standard": {"connections": 10**6, "shapes": [[2, 999], [4, 705], [80, 125], [100, 100]]}},
            r"S = C, where .* not \(80, 125\)",
        ),
        ({"isolated": {"shapes": [[15, 17], [17, 15], [16, 16]]}}, "at least 3 widths S C, not 2"),
        (
            {"parameters": {"parameters": 20000, "shapes": [[90, 109], [80, 117], [100, 100]]}},
            r"the shape \(100, 100\) has 10000 units, and there can be 8192",
        ),
        ({"sparse": {"connections": 10**6, "widths": [1000, 2000, 10000]}}, "from 2 to 8192"),
        ({"blocks": 10**6}, "from 1 to 64"),
        ({"rate": 1000.0}, "at most 1"),
        ({"train": 1}, "from 50"),
        ({"test": 1}, "from 50"),
        ({"sparse": {"seeds": 10**6}}, "from 3 to 1000"),
        ({"isolated": {"shapes": [[2, 50], [4, 43], [16, 16]]}}, r"the shape \(2, 50\) has 2600 connections"),
        (
            {"isolated": {"shapes": [[1, 90], [4, 43], [16, 16]]}},
            "is 1, but it must be a whole number from 2",
        ),
        ({"parameters": {"shapes": [[2, 45], [8, 45], [32, 32]]}}, "fewer than 4 tokens or channels"),
        ({"parameters": {"shapes": [[8, 45], [32, 32]]}}, "at least 3 widths S C, not 2"),
        ({"dataset": "cifar10", "train": 60000}, "cifar10 has 50000 images to train on"),
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_read(wrong, message):
    with pytest.raises(ConfigError, match=message):
        load({"run": "a", "studies": {"pk_mixer": {"width": wrong}}}, "config.yaml")
