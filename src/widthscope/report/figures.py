"""Figures inside the page: SVG text made safe, its colours turned into variables, its ids into its own.

A figure is parsed and written anew from lists of known elements and attributes, so that whatever a file
holds, no script, event handler or outside address reaches the page.
"""

import re
from xml.etree import ElementTree

from markupsafe import Markup, escape

from widthscope.palette import PALETTE

_ELEMENT_NAMES = """
    svg g defs path use rect circle ellipse line polyline polygon clipPath mask image text tspan
    linearGradient radialGradient stop pattern marker
"""
_ATTRIBUTE_NAMES = """
    id d x y x1 y1 x2 y2 cx cy r rx ry fx fy width height points transform style viewBox clip-path clip-rule
    clipPathUnits mask href fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap
    stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit opacity offset stop-color
    stop-opacity gradientTransform gradientUnits spreadMethod patternUnits patternTransform
    preserveAspectRatio text-anchor font-family font-size font-weight font-style markerWidth markerHeight
    refX refY orient
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_VARIABLES = {colour: f"var(--plot-{name})" for name, colour in PALETTE.items()} | {
    "#000000": "var(--plot-ink)"
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_ADDRESS = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)['\"]?\s*\)")
_UNSAFE_STYLE = re.compile(r"(?i)expression|javascript|@import|\\|url\((?!#)")


def inline(svg: str, prefix: str, title: str, alt: str) -> Markup:
    """The figure as an element of the page.

    Args:
        svg: text of the stored file.
        prefix: put before every id, so that figures of one page do not share them; safe in an id.
        title: short name of the figure.
        alt: what a reader who cannot see the figure hears.

    Raises:
        ValueError: if the text is not an SVG document.
    """
    # Entities could name other files and none is needed: the document type goes, with all it declares.
    text = re.sub(r"<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", "", svg, count=1, flags=re.DOTALL)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"the figure is not an SVG document: {error}") from error
    if _local(root.tag) != "svg":
        raise ValueError(f"the figure is not an SVG document: its root is '{_local(root.tag)}'")
    box = root.get("viewBox", "0 0 460.8 259.2")
    content = "".join(_element(child, prefix) for child in root)
    width = _points(box)
    return Markup(
        '<svg viewBox="{box}" role="img" aria-labelledby="{prefix}title {prefix}desc" '
        'style="max-width: {width}px" class="drawing">'
        '<title id="{prefix}title">{title}</title><desc id="{prefix}desc">{alt}</desc>{content}</svg>'
    ).format(box=box, prefix=prefix, width=width, title=title, alt=alt, content=Markup(content))


def _element(node: ElementTree.Element, prefix: str) -> str:
    """One known element with its known attributes, and its known children."""
    tag = _local(node.tag)
    if tag not in _ELEMENTS:
        return ""
    attributes = "".join(_attribute(_local(name), value, prefix) for name, value in node.attrib.items())
    inside = str(escape(node.text or "").strip()) if tag in ("text", "tspan") else ""
    inside += "".join(_element(child, prefix) for child in node)
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


def _attribute(name: str, value: str, prefix: str) -> str:
    """One known attribute, or nothing."""
    if name not in _ATTRIBUTES:
        return ""
    if name == "id":
        value = prefix + value
    elif name == "href":
        if value.startswith("#"):
            value = f"#{prefix}{value[1:]}"
        elif not value.startswith("data:image/png;base64,"):
            return ""
    else:
        value = _ADDRESS.sub(lambda match: f"url(#{prefix}{match[1]})", value)
        if _UNSAFE_STYLE.search(value):
            return ""
        value = _COLOUR.sub(lambda match: _VARIABLES.get(match[0].lower(), match[0]), value)
        if name in ("fill", "stroke", "stop-color") and value.startswith("var("):
            name, value = "style", f"{name}: {value}"  # presentation attributes do not know variables
    return f' {name}="{escape(value)}"'


def _local(name: object) -> str:
    """A tag or attribute without its namespace; comments and instructions have none."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _points(box: str) -> int:
    """Width in CSS pixels at which the figure has its printed size (a point is 4/3 pixel)."""
    try:
        return round(float(box.split()[2]) * 4 / 3)
    except (IndexError, ValueError):
        return 614
