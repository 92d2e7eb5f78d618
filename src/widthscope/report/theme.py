"""Colours of the page and of the figures inside it, on light and on dark.

The page colours are chosen for a contrast of at least 4.5 between text and what it stands on, in both themes;
the figure colours on dark keep the hue that `widthscope.palette.PALETTE` has on light. Both are tested.
"""

from widthscope.palette import PALETTE

PAGE_LIGHT = {
    "page": "#fbfbfa",
    "surface": "#ffffff",
    "sunken": "#f2f3f4",
    "text": "#1c2128",
    "quiet": "#57606a",
    "line": "#dcdfe3",
    "link": "#0b5c99",
    "focus": "#0b69ad",
    "supported": "#0a6b53",
    "supported-tint": "#ddf1ea",
    "refuted": "#a93014",
    "refuted-tint": "#fbe6e0",
    "undecided": "#795400",
    "undecided-tint": "#faeed2",
    "reported": "#4b545e",
    "reported-tint": "#e8eaed",
}

PAGE_DARK = {
    "page": "#14171b",
    "surface": "#1b1f25",
    "sunken": "#22272e",
    "text": "#e4e7eb",
    "quiet": "#a4adb8",
    "line": "#343b45",
    "link": "#7cbcf0",
    "focus": "#7cbcf0",
    "supported": "#68d3b0",
    "supported-tint": "#163a31",
    "refuted": "#ff9d85",
    "refuted-tint": "#48231a",
    "undecided": "#ecc05b",
    "undecided-tint": "#3d3014",
    "reported": "#b6bec8",
    "reported-tint": "#2f363f",
}

FIGURE_DARK = {
    "paper": "#1b1f25",
    "ink": "#e4e7eb",
    "muted": "#9aa4b0",
    "grid": "#2f363f",
    "band": "#38414c",
    "c0": "#5fb2ec",
    "c1": "#f5925a",
    "c2": "#46cf9c",
    "c3": "#dd92c6",
    "c4": "#e0b44c",
    "c5": "#6fd6e6",
    "c6": "#a99df7",
    "c7": "#a9b0b8",
    "s0": "#3d73ab",
    "s1": "#4a86c2",
    "s2": "#5b98d2",
    "s3": "#75acde",
    "s4": "#94c1e9",
    "s5": "#b7d6f3",
    "s6": "#deedfc",
    "supported": "#68d3b0",
    "refuted": "#ff9d85",
    "undecided": "#ecc05b",
}


def stylesheet() -> str:
    """The variables as CSS: light, dark where the system asks for it, either where the reader chose."""
    light = _variables(PAGE_LIGHT, PALETTE)
    dark = _variables(PAGE_DARK, FIGURE_DARK)
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}\n"
        f'@media screen {{ :root[data-theme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }} }}\n'
    )


def _variables(page: dict[str, str], figure: dict[str, str]) -> str:
    names = {f"--{name}": colour for name, colour in page.items()}
    names |= {f"--plot-{name}": colour for name, colour in figure.items()}
    return " ".join(f"{name}: {colour};" for name, colour in names.items())
