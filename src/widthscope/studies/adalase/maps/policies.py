"""Names of what the family `maps` trains."""

AUGMENTATIONS = ("translation", "cutout", "mixup")
