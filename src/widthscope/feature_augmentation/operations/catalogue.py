"""Operations by name, with the paper's strengths."""

from collections.abc import Mapping
from types import MappingProxyType

from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.operations.contrast import Contrast
from widthscope.feature_augmentation.operations.crop import Crop
from widthscope.feature_augmentation.operations.cutmix import Cutmix
from widthscope.feature_augmentation.operations.cutout import Cutout
from widthscope.feature_augmentation.operations.erasing import Erasing
from widthscope.feature_augmentation.operations.flips import Flip
from widthscope.feature_augmentation.operations.identity import Identity
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.operations.noise import Noise
from widthscope.feature_augmentation.operations.permutation import Permutation
from widthscope.feature_augmentation.operations.translation import Translation

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "identity": Identity(),
        "mixup": Mixup(),
        "cutout": Cutout(),
        "cutmix": Cutmix(),
        "noise": Noise(),
        "horizontal_flip": Flip("horizontal"),
        "vertical_flip": Flip("vertical"),
        "translation": Translation(),
        "crop": Crop(),
        "contrast": Contrast(),
        "erasing": Erasing(),
        "permutation": Permutation(),
    }
)
"""Every operation, as the paper's code has it (theory notes, 2); `erasing` erases, as was meant."""

ON_FLAT_FEATURES = frozenset({"identity", "mixup", "cutout", "noise", "contrast", "permutation"})
"""Operations that take flat features as well as maps."""
