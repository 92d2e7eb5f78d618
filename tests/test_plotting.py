import json
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from widthscope import plotting
from widthscope.plotting import PALETTE, SERIES, SHADES, Drawing
from widthscope.report.theme import FIGURE_DARK, PAGE_DARK, PAGE_LIGHT


def luminance(colour: str) -> float:
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def as_seen_without_green_cones(colour: str) -> np.ndarray:
    """CIELAB of a colour as a deuteranope sees it (Machado, Oliveira & Fernandes 2009, severity 1)."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(seen @ linear, 0, 1) / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def sine() -> Figure:
    figure, axes = plotting.new()
    x = np.linspace(0, 6, 50)
    axes.plot(x, np.sin(x), label="$\\sin x$")
    axes.fill_between(x, -0.1, 0.1, color=PALETTE["band"])
    axes.legend()
    return figure


def test_axes_come_one_after_the_other():
    figure, first, second, third, fourth = plotting.new(2, 2)
    assert figure.axes == [first, second, third, fourth]


@pytest.mark.parametrize(("palette", "paper"), [(PALETTE, "#ffffff"), (FIGURE_DARK, PAGE_DARK["surface"])])
def test_figure_colours_stand_out_on_their_paper(palette, paper):
    assert palette["paper"] == paper
    for name in ("ink", "muted"):
        assert contrast(palette[name], paper) >= 4.5
    for name in (*SERIES, "supported", "refuted", "undecided"):
        assert contrast(palette[name], paper) >= 3, name
    steps = [contrast(palette[name], paper) for name in SHADES]
    assert steps == sorted(steps)
    assert steps[0] >= (3 if palette is FIGURE_DARK else 2)


@pytest.mark.parametrize("palette", [PALETTE, FIGURE_DARK])
def test_first_four_series_differ_for_a_colour_blind_reader(palette):
    seen = [as_seen_without_green_cones(palette[name]) for name in SERIES[:4]]
    apart = [np.linalg.norm(seen[i] - seen[j]) for i in range(4) for j in range(i)]
    assert min(apart) > 12


def test_each_purpose_has_its_own_colour_and_a_dark_companion():
    assert len(set(PALETTE.values())) == len(PALETTE)
    assert PALETTE.keys() == FIGURE_DARK.keys()


@pytest.mark.parametrize("page", [PAGE_LIGHT, PAGE_DARK])
def test_text_of_the_page_is_legible(page):
    for ground in ("page", "surface", "sunken"):
        for text in ("text", "quiet", "link", "supported", "refuted", "undecided", "reported"):
            assert contrast(page[text], page[ground]) >= 4.5, (text, ground)
    for verdict in ("supported", "refuted", "undecided", "reported"):
        assert contrast(page[verdict], page[f"{verdict}-tint"]) >= 4.5, verdict


def test_svg_is_the_same_for_the_same_drawing_and_small():
    assert plotting.svg(sine()) == plotting.svg(sine())
    assert len(plotting.svg(sine())) < 30_000


def test_svg_holds_only_colours_of_the_palette_and_no_date():
    text = plotting.svg(sine())
    assert set(re.findall(r"#[0-9a-f]{6}\b", text)) <= set(PALETTE.values())
    assert "date" not in text.lower()
    assert "<text" not in text


def test_rounding_moves_nothing_by_more_than_a_hundredth_point():
    exact = ' d="M 1.23456 -0.005 L 100.999 3" transform="translate(1.234567 2)"'
    assert plotting._tidy(exact) == 'd="M 1.23 -0.01 L 101 3" transform="translate(1.234567 2)"\n'


def test_save_all_lists_figures_in_order(tmp_path):
    drawings = {name: Drawing(sine(), f"Caption of {name}.", "A sine.") for name in ("later", "earlier")}
    plotting.save_all(drawings, tmp_path / "figures", tmp_path / "figures.json")
    listed = json.loads((tmp_path / "figures.json").read_text())
    assert [entry["name"] for entry in listed] == ["later", "earlier"]
    assert listed[0]["sha256"] == listed[1]["sha256"]
    assert (tmp_path / "figures" / "later.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("name", "caption", "alt"), [("a/b", "c", "a"), ("../up", "c", "a"), ("ok", " ", "a"), ("ok", "c", "")]
)
def test_save_all_refuses_unsafe_names_and_silent_figures(tmp_path, name, caption, alt):
    with pytest.raises(ValueError, match="figure"):
        plotting.save_all(
            {name: Drawing(sine(), caption, alt)}, tmp_path / "figures", tmp_path / "index.json"
        )
    assert not (tmp_path / "index.json").exists()


def test_save_all_leaves_a_folder_and_an_index_where_there_is_nothing_to_draw(tmp_path):
    plotting.save_all({}, tmp_path / "figures", tmp_path / "figures.json")
    assert list((tmp_path / "figures").iterdir()) == []
    assert json.loads((tmp_path / "figures.json").read_text()) == []


def test_shades_grow_and_end_strong():
    assert plotting.shades(1) == [PALETTE["s6"]]
    assert plotting.shades(7) == [PALETTE[name] for name in SHADES]
    with pytest.raises(ValueError, match="7 shades"):
        plotting.shades(8)


def test_width_axis_has_a_tick_at_each_width():
    figure, axes = plotting.new()
    plotting.width_axis(axes, [16, 64, 256])
    figure.canvas.draw()
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["16", "64", "256"]
