"""Operations on features against loops over examples, against kornia, and at degenerate shapes."""

import pickle
from collections.abc import Callable

import kornia.augmentation as kornia
import pytest
import torch
from kornia.geometry import transform
from torch import Tensor
from torch.nn import functional

from widthscope.feature_augmentation.operations.base import FeatureError, Operation, exchanged
from widthscope.feature_augmentation.operations.beta import beta
from widthscope.feature_augmentation.operations.catalogue import ON_FLAT_FEATURES, OPERATIONS
from widthscope.feature_augmentation.operations.contrast import Contrast
from widthscope.feature_augmentation.operations.crop import Crop
from widthscope.feature_augmentation.operations.cutmix import Cutmix
from widthscope.feature_augmentation.operations.cutout import Cutout
from widthscope.feature_augmentation.operations.erasing import Erasing
from widthscope.feature_augmentation.operations.flips import Flip
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.operations.noise import Noise
from widthscope.feature_augmentation.operations.permutation import Permutation
from widthscope.feature_augmentation.operations.translation import Translation

MEMBERS, BATCH = 3, 7
MAP, FLAT = (2, 8, 6), (9,)


def features(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(MEMBERS, BATCH, *shape, dtype=torch.float64, generator=generator)


def drawn(operation: Operation, shape: tuple[int, ...] = MAP, seed: int = 1) -> dict[str, Tensor]:
    return operation.draw(torch.Generator().manual_seed(seed), (MEMBERS, BATCH), shape)


def shapes(name: str) -> list[tuple[int, ...]]:
    every: list[tuple[int, ...]] = [MAP, (3, 1, 1), (1, 5, 2), (1, 2, 2)]
    return [*every, FLAT, (1,)] if name in ON_FLAT_FEATURES else every


@pytest.mark.parametrize("name", OPERATIONS)
def test_shape_type_gradient_and_company(name: str) -> None:
    """Every operation keeps shape and type, is differentiable, and treats members apart, to the last bit."""
    operation = OPERATIONS[name]
    for shape in shapes(name):
        for dtype in (torch.float32, torch.float64):
            x, draws = features(*shape).to(dtype), drawn(operation, shape)
            y = operation.apply(x, draws)
            assert y.shape == x.shape
            assert y.dtype == dtype
            for member in range(MEMBERS):
                own = {key: values[member, None] for key, values in draws.items()}
                assert torch.equal(operation.apply(x[member, None], own)[0], y[member])
        wanted = features(*shape).requires_grad_()
        operation.apply(wanted, draws).square().sum().backward()
        assert torch.isfinite(wanted.grad).all()


@pytest.mark.parametrize("name", OPERATIONS)
def test_flat_features_are_refused_where_the_operation_needs_a_map(name: str) -> None:
    operation = OPERATIONS[name]
    if name in ON_FLAT_FEATURES:
        assert operation.apply(features(*FLAT), drawn(operation, FLAT)).shape == (MEMBERS, BATCH, *FLAT)
    else:
        with pytest.raises(FeatureError, match="height, width"):
            operation.apply(features(*FLAT), drawn(operation, MAP))


@pytest.mark.parametrize("name", OPERATIONS)
def test_many_steps_are_drawn_at_once(name: str) -> None:
    """Leading axes of draws are those asked for; partners are permutations of each batch."""
    draws = OPERATIONS[name].draw(torch.Generator().manual_seed(0), (4, 5), MAP)
    assert all(values.shape[:2] == (4, 5) for values in draws.values())
    for key in ("partner", "permutation"):
        if key in draws:
            assert torch.equal(draws[key].sort(-1).values, torch.arange(5).expand(4, 5))


def test_draws_mean_the_same_at_every_position_unless_they_say_so() -> None:
    for operation in OPERATIONS.values():
        one, other = drawn(operation, MAP), drawn(operation, (5, 3, 3))
        same = all(one[key].shape == other[key].shape for key in one)
        assert same != operation.draws_depend_on_shape


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_flips_are_kornias(axis: str) -> None:
    operation = Flip(axis)
    x, draws = features(*MAP), drawn(operation)
    y = operation.apply(x, draws)
    flip = transform.hflip if axis == "horizontal" else transform.vflip
    flipped = draws["flipped"] < 0.5
    assert 0 < flipped.sum() < flipped.numel()
    assert torch.equal(y[flipped], flip(x[flipped]))
    assert torch.equal(y[~flipped], x[~flipped])
    torch.testing.assert_close(y.mean((-1, -2)), x.mean((-1, -2)))


@pytest.mark.parametrize("operation", [Translation(), Translation(3), Translation(20, at_least=1)])
def test_translation_is_kornias(operation: Translation) -> None:
    x, draws = features(*MAP), drawn(operation)
    reach = torch.tensor([operation.reach(MAP[1]), operation.reach(MAP[2])])
    shift = (draws["shift"] * (2 * reach + 1)).floor() - reach
    assert {*shift[..., 0].flatten().tolist()} == {*range(-int(reach[0]), int(reach[0]) + 1)}
    by_columns_first = shift.flip(-1).flatten(0, 1).double()
    wanted = transform.translate(x.flatten(0, 1), by_columns_first, padding_mode="zeros")
    torch.testing.assert_close(operation.apply(x, draws), wanted.reshape(x.shape), atol=1e-12, rtol=0)


def test_small_maps_are_not_translated_by_the_papers_rule() -> None:
    x = features(2, 4, 4)
    assert torch.equal(Translation().apply(x, drawn(Translation())), x)
    assert not torch.equal(Translation(at_least=1).apply(x, drawn(Translation())), x)


@pytest.mark.parametrize("share", [0.8, 0.5, 1.0])
def test_crop_is_the_window_interpolated(share: float) -> None:
    operation = Crop(share)
    x, draws = features(*MAP), drawn(operation)
    y = operation.apply(x, draws)
    height, width = int(8 * share), int(6 * share)
    for member in range(MEMBERS):
        for example in range(BATCH):
            rows, columns = draws["corner"][member, example].tolist()
            top, left = int(rows * (9 - height)), int(columns * (7 - width))
            window = x[member, example, :, top : top + height, left : left + width]
            wanted = functional.interpolate(window[None], MAP[1:], mode="bilinear", align_corners=False)[0]
            torch.testing.assert_close(y[member, example], wanted)


def test_cutout_of_maps_by_hand_and_as_kornia_erases() -> None:
    operation = Cutout()
    x, draws = features(2, 8, 8), drawn(operation)
    y = operation.apply(x, draws)
    tops = set()
    for member in range(MEMBERS):
        for example in range(BATCH):
            top, left = ((draws["corner"][member, example] * 8).floor().long() - 2).tolist()
            tops.add(top)
            rows, columns = slice(max(top, 0), top + 4), slice(max(left, 0), left + 4)
            wanted = x[member, example].clone()
            wanted[:, rows, columns] = 0
            assert torch.equal(y[member, example], wanted)
            erased = kornias_erasing(x[member, example], rows, columns)
            assert torch.equal(y[member, example], erased)
    assert min(tops) >= -2
    assert max(tops) <= 5


def kornias_erasing(image: Tensor, rows: slice, columns: slice) -> Tensor:
    """One image (C, H, W) with zeros in a rectangle."""
    height, width = image.shape[-2:]
    top, left = rows.start, columns.start
    parameters = {
        "xs": torch.tensor([left]),
        "ys": torch.tensor([top]),
        "widths": torch.tensor([min(columns.stop, width) - left]),
        "heights": torch.tensor([min(rows.stop, height) - top]),
        "values": torch.zeros(1, dtype=image.dtype),
    }
    return kornia.RandomErasing(p=1.0).apply_transform(image[None], parameters, {})[0]


@pytest.mark.parametrize("denominator", [1.5, 2.0, 3.0])
def test_cutout_of_flat_features_cuts_one_whole_block(denominator: float) -> None:
    operation = Cutout(denominator)
    y = operation.apply(features(*FLAT), drawn(operation, FLAT))
    cut = int(FLAT[0] / denominator)
    for row in (y == 0).flatten(0, 1):
        (places,) = row.nonzero(as_tuple=True)
        assert places.tolist() == list(range(int(places[0]), int(places[0]) + cut))


def test_erasing_stays_within_and_is_kornias() -> None:
    operation = Erasing()
    x, draws = features(*MAP), drawn(operation)
    y = operation.apply(x, draws)
    edges = torch.stack(operation.rectangle(draws, *MAP[1:]), -1)
    untouched = 0
    for member in range(MEMBERS):
        for example in range(BATCH):
            top, bottom, left, right = edges[member, example].tolist()
            assert 0 <= top <= bottom <= MAP[1]
            assert 0 <= left < right <= MAP[2]
            untouched += top == bottom
            wanted = x[member, example]
            if top < bottom:
                wanted = kornias_erasing(wanted, slice(top, bottom), slice(left, right))
            assert torch.equal(y[member, example], wanted)
    assert 0 < untouched < MEMBERS * BATCH


def test_noise_is_kornias_and_has_its_variance() -> None:
    operation = Noise()
    x, draws = features(*MAP), drawn(operation)
    ours = operation.apply(x, draws).flatten(0, 1)
    theirs = kornia.RandomGaussianNoise(std=0.1**0.5, p=1.0).apply_transform(
        x.flatten(0, 1), {"gaussian_noise": 0.1**0.5 * draws["noise"].flatten(0, 1).double()}, {}
    )
    torch.testing.assert_close(ours, theirs)
    many = operation.draw(torch.Generator().manual_seed(0), (1, 20_000), (5,))
    variance = operation.apply(torch.zeros(1, 20_000, 5), many).var()
    assert abs(float(variance) - 0.1) < 0.1 * 5 * (2 / 100_000) ** 0.5


def test_contrast_has_a_gain_for_each_channel() -> None:
    operation = Contrast()
    x, draws = features(*MAP), drawn(operation)
    gains = operation.apply(x, draws) / x
    torch.testing.assert_close(gains, (0.5 + draws["gain"].double())[..., None, None].expand_as(x))
    flat = operation.apply(features(*FLAT), drawn(operation, FLAT)) / features(*FLAT)
    torch.testing.assert_close(flat, flat[..., :1].expand_as(flat))


def test_mixup_is_kornias_with_its_labels() -> None:
    operation = Mixup()
    x, draws = features(*MAP), drawn(operation)
    y = operation.apply(x, draws)
    targets = functional.one_hot(torch.arange(BATCH).expand(MEMBERS, BATCH) % 4, 4).double()
    soft = operation.mixed_targets(targets, draws, MAP)
    for member in range(MEMBERS):
        share, partner = draws["share"][member].double(), draws["partner"][member]
        theirs = kornia.RandomMixUpV2(p=1.0).apply_transform(
            x[member], {"mixup_pairs": partner, "mixup_lambdas": 1 - share}, {}
        )
        torch.testing.assert_close(y[member], theirs)
        wanted = share[:, None] * targets[member] + (1 - share)[:, None] * targets[member][partner]
        torch.testing.assert_close(soft[member], wanted)


def test_cutmix_by_hand_and_its_labels_by_cells() -> None:
    operation = Cutmix()
    x, draws = features(*MAP), drawn(operation)
    y, share = operation.apply(x, draws), operation.own_share(draws, MAP)
    for member in range(MEMBERS):
        for example in range(BATCH):
            scale = (1 - float(draws["share"][member, example])) ** 0.5
            spans = []
            for side, centre in zip(MAP[1:], draws["centre"][member, example].tolist(), strict=True):
                cut = int(scale * side)
                start = int(centre * side) - cut // 2
                spans.append(slice(max(start, 0), max(start + cut, 0)))
            wanted = x[member, example].clone()
            other = x[member, draws["partner"][member, example]]
            wanted[:, spans[0], spans[1]] = other[:, spans[0], spans[1]]
            assert torch.equal(y[member, example], wanted)
            taken = torch.zeros(MAP[1:])
            taken[spans[0], spans[1]] = 1
            torch.testing.assert_close(share[member, example], 1 - taken.mean())


def test_only_mixing_changes_labels() -> None:
    targets = torch.eye(BATCH).expand(MEMBERS, BATCH, BATCH)
    for name, operation in OPERATIONS.items():
        soft = operation.mixed_targets(targets, drawn(operation), MAP)
        assert torch.equal(soft, targets) == (name not in {"mixup", "cutmix"})
        torch.testing.assert_close(soft.sum(-1), torch.ones(MEMBERS, BATCH))


def test_permutation_gives_the_features_of_another() -> None:
    operation = Permutation()
    x, draws = features(*FLAT), drawn(operation, FLAT)
    y = operation.apply(x, draws)
    for member in range(MEMBERS):
        assert torch.equal(y[member], x[member][draws["permutation"][member]])
    assert torch.equal(y, exchanged(x, draws["permutation"]))


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 2.0, 5.0])
def test_beta_has_its_moments(alpha: float) -> None:
    """Mean and variance on a grid of quantiles: 1/2 and 1 / (4 (2 alpha + 1))."""
    grid = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    shares = beta(grid, alpha)
    assert abs(float(shares.mean()) - 0.5) < 1e-6
    assert abs(float(shares.var(correction=0)) - 1 / (4 * (2 * alpha + 1))) < 1e-5


def test_integers_are_not_mixed_by_shares_that_would_be_cut_to_zero() -> None:
    operation = Mixup()
    draws = drawn(operation, FLAT)
    with pytest.raises(FeatureError, match="only features that are floats"):
        operation.apply(torch.ones(MEMBERS, BATCH, 9, dtype=torch.int64), draws)
    for mixing in (operation, Cutmix()):
        with pytest.raises(FeatureError, match="must be floats"):
            mixing.mixed_targets(torch.ones(MEMBERS, BATCH, 4, dtype=torch.int64), drawn(mixing), MAP)
    labels = torch.ones(MEMBERS, BATCH, 4, dtype=torch.int64)
    assert Noise().mixed_targets(labels, drawn(Noise()), MAP) is labels
    with pytest.raises(FeatureError, match="only features that are floats"):
        Crop().apply(torch.ones(MEMBERS, BATCH, *MAP, dtype=torch.int64), drawn(Crop()))
    for other in (Noise(), Contrast()):
        with pytest.raises(FeatureError, match="only features that are floats"):
            other.apply(torch.ones(MEMBERS, BATCH, 9, dtype=torch.int64), drawn(other, FLAT))


@pytest.mark.parametrize(("dtype", "unit"), [(torch.float16, 2.0**-11), (torch.bfloat16, 2.0**-8)])
def test_operations_on_large_maps_of_half_precision_differ_by_rounding_alone(
    dtype: torch.dtype, unit: float
) -> None:
    """Values below 8 are rounded to within 4 units; no operation rounds more than eight times."""
    generator = torch.Generator().manual_seed(4)
    x = torch.randint(-3, 4, (MEMBERS, BATCH, 2, 70, 150), generator=generator).float()
    for name, operation in OPERATIONS.items():
        draws = drawn(operation, tuple(x.shape[2:]))
        found = operation.apply(x.to(dtype), draws)
        assert found.dtype == dtype
        assert (found.float() - operation.apply(x, draws)).abs().max() <= 32 * unit, name


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Mixup(0), "alpha of mixup must be a finite number above 0, not 0"),
        (lambda: Mixup(-1), "alpha of mixup"),
        (lambda: Mixup(float("nan")), "alpha of mixup must be a finite number above 0, not nan"),
        (lambda: Mixup(float("inf")), "alpha of mixup"),
        (lambda: Mixup("1"), "alpha of mixup must be a finite number above 0, not '1'"),
        (lambda: Cutmix(0), "alpha of cutmix"),
        (lambda: Cutout(0), "denominator of a cutout must be a finite number at least 1, not 0"),
        (lambda: Cutout(-2), "denominator of a cutout"),
        (lambda: Erasing(probability=1.1), "probability of erasing must be .* at least 0 and at most 1"),
        (lambda: Erasing(smallest=-0.1), "smallest share of erasing"),
        (lambda: Erasing(smallest=0.5), "largest share of erasing must be .* at least 0.5 and at most 1"),
        (lambda: Erasing(steepest=0.5), "steepest aspect of erasing"),
        (lambda: Noise(-1), "variance of noise must be a finite number at least 0, not -1"),
        (lambda: Contrast(2, 1), "highest gain of a contrast must be a finite number at least 2, not 1"),
        (lambda: Contrast(-1), "lowest gain of a contrast"),
        (lambda: Flip("diagonal"), "axis of a flip must be 'horizontal' or 'vertical', not 'diagonal'"),
        (lambda: Flip(probability=2), "probability of a flip"),
        (lambda: Translation(0), "denominator of a translation must be a whole number at least 1, not 0"),
        (lambda: Translation(2.5), "denominator of a translation must be a whole number"),
        (lambda: Translation(at_least=-1), "at_least of a translation"),
        (lambda: Crop(2), "share of a crop must be a finite number above 0 and at most 1, not 2"),
        (lambda: Crop(0), "share of a crop"),
    ],
)
def test_strengths_with_which_nothing_works_are_refused_at_once(
    build: Callable[[], Operation], words: str
) -> None:
    with pytest.raises(FeatureError, match=words):
        build()


@pytest.mark.parametrize(
    "operation",
    [Cutout(1), Erasing(1, 0, 1, 1), Contrast(0, 0), Flip("vertical", 1), Translation(1), Crop(1), Noise(0)],
)
def test_strengths_at_the_limit_work(operation: Operation) -> None:
    assert operation.apply(features(*MAP), drawn(operation)).isfinite().all()


def test_an_error_on_shapes_survives_its_way_between_processes() -> None:
    with pytest.raises(FeatureError) as caught:
        Crop().apply(features(*FLAT), drawn(Crop(), FLAT))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
