"""What the layers of a checkpoint are called, and their order."""

import re
from collections.abc import Iterable


def layer_of(stem: str) -> str:
    """The layer that an attention's names begin with, its number at the end.

    >>> layer_of("model.layers.3.self_attn"), layer_of("encoder.block.0.layer.0.SelfAttention")
    ('model.layers.3', 'encoder.block.0')
    """
    parts = re.sub(r"\.layer\.\d+\.SelfAttention$|\.layer\.\d+\.EncDecAttention$", "", stem).split(".")
    for ends in (str.isdigit, lambda part: part[-1:].isdigit()):
        numbered = [place for place, part in enumerate(parts) if ends(part)]
        if numbered:
            return ".".join(parts[: numbered[-1] + 1])
    return stem


def number_of(layer: str) -> int:
    """The number at the end of a layer's name, 0 if there is none."""
    found = re.search(r"(\d+)$", layer)
    return int(found[1]) if found else 0


def in_order(stem: str) -> tuple[object, ...]:
    """Sorts by numbers as numbers, encoders before decoders."""
    parts = [
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)|\.", stem) if part
    ]
    return ("decoder" in stem, parts)


def short_names(stems: list[str], cross: Iterable[str]) -> list[str]:
    """Names that tell the layers of one model apart.

    Leading parts that all share are dropped; ``self`` is said where the layer has cross-attention too, and
    the attention's own name where a layer has several.
    """
    layers = [layer_of(stem) for stem in stems]
    also_cross = {layer_of(stem) for stem in cross}
    split = [layer.split(".") for layer in layers]
    while all(len(parts) > 2 and parts[0] == split[0][0] for parts in split):
        split = [parts[1:] for parts in split]
    names = []
    for parts, layer, stem in zip(split, layers, stems, strict=True):
        name = ".".join(parts) or "attention"
        if layers.count(layer) > 1:
            name += f" {stem.removeprefix(layer).strip('.')}"
        names.append(f"{name} self" if layer in also_cross else name)
    return names
