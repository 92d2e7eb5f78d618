import pytest

from widthscope.report.formulas import formula, plain, rich


def test_text_is_escaped_and_formulas_are_mathml():
    shown = rich("<b>5 < 6</b> & $x_i^2$")
    assert shown.startswith("&lt;b&gt;5 &lt; 6&lt;/b&gt; &amp; <math")
    assert "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>" in shown


def test_display_formula():
    assert '<math display="block">' in rich("so $$a = b$$")


def test_wide_display_formulas_can_break_where_they_are_parted():
    shown = rich("$$a = b, \\qquad c = d$$")
    assert shown.count("<math") == 2
    assert rich("$$\\text{a \\qquad b}$$").count("<math") == 1


def test_punctuation_stays_with_its_formula():
    assert rich("with $x$, and").endswith("</math>,</span> and")


def test_a_lone_dollar_is_a_dollar():
    assert rich("it costs $5 and no more") == "it costs $5 and no more"


@pytest.mark.parametrize(
    "hostile",
    [
        "$<script>alert(1)</script>$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$$\\unknown{<script>$$",
        "$\\begin{matrix}<script>$",
    ],
)
def test_no_formula_brings_elements_of_its_own(hostile):
    shown = rich(hostile).lower()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "href" not in shown


def test_a_broken_formula_is_shown_as_its_source():
    assert formula("\\foo{") == "<code>\\foo{</code>"


def test_words_are_upright_and_relations_are_operators():
    assert "<mi>softmax</mi>" in formula("\\mathrm{softmax}(x)")
    assert "<mo>∼</mo>" in formula("x \\sim y")
    assert "<mi>∞</mi>" in formula("n \\to \\infty")
    assert '<mi mathvariant="normal">Σ</mi>' in formula("\\Sigma")


def test_plain_text_for_tooltips():
    assert plain("as  $n \\to \\infty$") == "as n to infty"
