"""Names of what the family `maps` trains."""

AUGMENTATIONS = ("translation", "cutout", "mixup")
NULL = "identity-adaptive"
NULL_OF = {"translation": "translation", "cutout": "mixup", "mixup": "mixup"}
"""The experiment that holds the networks without augmentation at an augmentation's rate of the ratios."""
