"""The colours of figures, by purpose; light to import, since the report needs no drawing library."""

SERIES = ("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
SHADES = ("s0", "s1", "s2", "s3", "s4", "s5", "s6")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")

PALETTE = {
    "paper": "#ffffff",
    "ink": "#1c2128",
    "muted": "#5c6570",
    "grid": "#e3e6ea",
    "band": "#d9dee5",
    # Categories: Okabe-Ito hues, darkened to a contrast of at least 3 on white.
    "c0": "#0b69ad",  # blue
    "c1": "#c9500c",  # vermilion
    "c2": "#00875f",  # green
    "c3": "#a7508c",  # purple
    "c4": "#946a00",  # ochre
    "c5": "#188ca6",  # cyan
    "c6": "#5646b8",  # indigo
    "c7": "#6d7278",  # grey
    # An ordered family, such as growing widths: from faint to strong.
    "s0": "#8fb8dd",
    "s1": "#6fa3d1",
    "s2": "#4f8dc4",
    "s3": "#3276b3",
    "s4": "#1d609d",
    "s5": "#114a80",
    "s6": "#0a3560",
    "supported": "#0d7a5f",
    "refuted": "#bf3a1e",
    "undecided": "#8d6300",
}
"""Colour of each purpose on white; `widthscope.report.theme` has its companion on dark."""
