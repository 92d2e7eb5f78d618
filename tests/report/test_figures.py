import re
from xml.etree import ElementTree

import pytest

from widthscope.report.figures import inline

HOSTILE = """<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
viewBox="0 0 10 10" onload="x()">
<script>alert(1)</script>
<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">hi</body></foreignObject>
<style>@import url(https://example.org/a.css);</style>
<a xlink:href="javascript:alert(1)"><rect width="1" height="1"/></a>
<image xlink:href="https://example.org/a.png" width="1" height="1"/>
<image xlink:href="data:image/png;base64,AAAA" width="1" height="1"/>
<use xlink:href="other.svg#x"/>
<rect id="r" onclick="x()" style="fill: url(https://example.org/x)" width="1" height="1"/>
<rect fill="#1c2128" clip-path="url(#clip)" width="1" height="1"/>
<set attributeName="href" to="javascript:alert(1)"/>
<animate attributeName="x"/>
</svg>"""


def test_colours_become_variables(drawn):
    shown = inline(drawn, "f-", "rate", "A rate.")
    assert not re.search(r"#[0-9a-f]{6}\b", shown)
    assert "var(--plot-ink)" in shown
    assert "var(--plot-paper)" in shown


def test_ids_are_the_figures_own_and_resolve(drawn):
    one, two = (inline(drawn, prefix, "rate", "A rate.") for prefix in ("a-", "b-"))
    first, second = (set(re.findall(r'\bid="([^"]+)"', shown)) for shown in (one, two))
    assert first
    assert not first & second
    used = set(re.findall(r'href="#([^"]+)"', one)) | set(re.findall(r"url\(#([^)]+)\)", one))
    assert used
    assert used <= first


def test_nothing_drawn_is_lost(drawn):
    shown = ElementTree.fromstring(inline(drawn, "a-", "rate", "A rate."))
    source = ElementTree.fromstring(drawn.split("?>", 1)[1])

    def shapes(root: ElementTree.Element) -> list[str]:
        return [
            node.tag.rpartition("}")[2] for node in root.iter() if re.search("(path|use|rect)$", node.tag)
        ]

    assert shapes(shown) == shapes(source)


def test_title_and_alternative_text_are_escaped(drawn):
    shown = inline(drawn, "a-", "<b>", 'x" onload="y')
    assert '<title id="a-title">&lt;b&gt;</title>' in shown
    assert '<desc id="a-desc">x&#34; onload=&#34;y</desc>' in shown
    assert 'aria-labelledby="a-title a-desc"' in shown


def test_hostile_figures_keep_only_shapes():
    shown = inline(HOSTILE, "h-", "h", "h")
    for word in (
        "script",
        "javascript",
        "onclick",
        "onload",
        "example.org",
        "foreign",
        "style>",
        "other.svg",
    ):
        assert word not in shown
    assert "data:image/png;base64,AAAA" in shown
    assert 'style="fill: var(--plot-ink)"' in shown
    assert "url(#h-clip)" in shown


@pytest.mark.parametrize("text", ["", "<svg", "<html></html>", "&amp;"])
def test_what_is_no_svg_is_refused(text):
    with pytest.raises(ValueError, match="not an SVG"):
        inline(text, "x-", "x", "x")
