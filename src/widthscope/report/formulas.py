"""Prose with formulas as safe HTML: the text escaped, ``$...$`` and ``$$...$$`` as MathML."""

import re
from functools import cache
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markupsafe import Markup, escape

_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>[^$\n]+?)(?<!\\)\$(?P<after>[.,;:)]*)", re.DOTALL
)
_ELEMENT_NAMES = """
    math mrow mi mn mo mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mtable mtr mtd
    mstyle mpadded mphantom menclose mmultiscripts mprescripts none
"""
_ATTRIBUTE_NAMES = """
    display mathvariant stretchy fence separator form lspace rspace minsize maxsize symmetric largeop
    movablelimits accent accentunder linethickness columnalign rowspacing columnspacing displaystyle
    scriptlevel width height depth notation
"""
_VALUES = frozenset("∞…⋯")
_CAPITALS = frozenset("ΓΔΘΛΞΠΣΥΦΨΩ")
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())


def rich(text: str) -> Markup:
    """A paragraph: everything is escaped, and formulas become MathML.

    A formula that cannot be converted is shown as its source, in code.
    """
    parts: list[Markup] = []
    end = 0
    for match in _FORMULA.finditer(text):
        parts.append(escape(text[end : match.start()]))
        if match["display"] is not None:
            parts.append(_display(match["display"]))
        elif match["after"]:  # a comma must not start the next line
            together = Markup('<span class="together">{}{}</span>')
            parts.append(together.format(formula(match["inline"]), match["after"]))
        else:
            parts.append(formula(match["inline"]))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


@cache
def formula(latex: str, display: bool = False) -> Markup:
    """One formula as MathML, with its source as the accessible fallback of what cannot be converted."""
    try:
        root = ElementTree.fromstring(convert(latex.strip(), display="block" if display else "inline"))
    except Exception:
        return Markup("<code>{}</code>").format(latex.strip())
    return Markup(_element(root))


def plain(text: str) -> str:
    """The same paragraph for a tooltip: formulas as their source without dollars and backslashes."""
    return re.sub(r"\s+", " ", re.sub(r"\\([A-Za-z]+)", r"\1", text.replace("$", ""))).strip()


def _display(latex: str) -> Markup:
    """Formulas on lines of their own; ``\\qquad`` parts those that a narrow page may stack."""
    parts = [latex] if "\\begin" in latex else latex.split("\\qquad")
    if any(part.count("{") != part.count("}") for part in parts):
        parts = [latex]
    return Markup('<span class="display">{}</span>').format(
        Markup("").join(formula(part, display=True) for part in parts)
    )


def _element(node: ElementTree.Element) -> str:
    """The element with known attributes, and its children; of an unknown element only the children stay."""
    tag = node.tag.rpartition("}")[2]
    if tag == "mi" and node.text == "~":  # the converter takes the relation for a name
        return "<mo>∼</mo>"
    if tag == "mi" and node.text in _CAPITALS and not node.get("mathvariant"):
        return f'<mi mathvariant="normal">{node.text}</mi>'  # upright, as LaTeX sets them
    if tag == "mo" and node.text in _VALUES:  # and these values for operators, with space around them
        return f"<mi>{node.text}</mi>"
    word = [child.text or "" for child in node if child.get("mathvariant") == "normal"]
    if tag == "mrow" and len(word) == len(node) > 1 and all(letter.isalpha() for letter in word):
        return f"<mi>{escape(''.join(word))}</mi>"  # an upright word is one name, not a product of letters
    inside = str(escape(node.text or "")) + "".join(_element(child) for child in node)
    if tag not in _ELEMENTS:
        return inside
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in node.attrib.items() if name in _ATTRIBUTES
    )
    return f"<{tag}{attributes}>{inside}</{tag}>"
