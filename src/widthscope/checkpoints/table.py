"""The columns of a checkpoint's table, one line each, for the terminal, the page and the documentation.

Light to import: the page and the documentation read it without any analysis.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: of the variable in the table, and in the CSV.
        short: heading where space is short.
        label: heading on the page, with formulas as ``$...$``.
        says: what it is, in a sentence without a final stop.
        listed: whether the terminal shows it; the page and the CSV have all.
    """

    name: str
    short: str
    label: str
    says: str
    listed: bool = True

    @property
    def is_p_value(self) -> bool:
        """Whether its numbers are p-values; those that underflow are shown as bounded, not as zero."""
        return "p_value" in self.name or "p_adjusted" in self.name


COLUMNS = (
    Column(
        "trace_score",
        "z",
        "trace score $z$",
        "trace of $W$ in units of its standard deviation under a random rotation of the keys; positive: the "
        "head favours keys that resemble the query",
    ),
    Column(
        "p_value",
        "p",
        "$p$",
        "two-sided p-value of the trace score under that rotation (Haar null), which holds for any weights",
        listed=False,
    ),
    Column(
        "p_adjusted",
        "p adj",
        "$p$ adjusted",
        "the same after Benjamini-Hochberg over all heads of the checkpoint: among the heads with at most "
        "0.01, on average at most one in a hundred is there by chance",
    ),
    Column(
        "concentration",
        "kappa",
        "concentration $\\kappa$",
        "between 0 and 1; 1 if and only if all eigenvalues that can differ from zero are equal and nothing "
        "else is left",
    ),
    Column(
        "entropy_forecast",
        "entropy",
        "entropy forecast",
        "entropy of the head’s softmax on random walks of normalised tokens, over the logarithm of the "
        "visible keys; 1 is uniform attention",
    ),
    Column(
        "ks",
        "KS",
        "KS distance",
        "Kolmogorov-Smirnov distance between the moduli of the eigenvalues and the law at initialisation",
    ),
    Column(
        "ks_p_value",
        "KS p",
        "$p$ of KS",
        "its p-value from simulated heads of the same sizes at initialisation, continued beyond them by an "
        "exponential tail, which errs on the safe side",
        listed=False,
    ),
    Column(
        "ks_p_adjusted",
        "KS p adj",
        "$p$ of KS adjusted",
        "the same after Benjamini-Hochberg over all heads",
    ),
    Column(
        "reach",
        "reach",
        "largest $|\\lambda|$",
        "largest modulus of an eigenvalue over the edge of that law",
    ),
    Column(
        "reach_p_value",
        "reach p",
        "$p$ of largest $|\\lambda|$",
        "its p-value from the same simulated heads",
        listed=False,
    ),
    Column(
        "reach_p_adjusted",
        "reach p adj",
        "$p$ of largest $|\\lambda|$ adjusted",
        "the same after Benjamini-Hochberg over all heads",
        listed=False,
    ),
    Column(
        "outliers",
        "out",
        "outliers",
        "number of eigenvalues beyond that edge by more than a head at initialisation usually has",
        listed=False,
    ),
    Column(
        "positive_mass",
        "positive",
        "positive mass",
        "share of the eigenvalues’ moduli that lies right of the imaginary axis; one half by chance",
    ),
    Column(
        "trace_score_folded",
        "z fold",
        "$z$ folded",
        "trace score with the gain of the preceding norm folded into $W$, which is what acts on normalised "
        "tokens",
    ),
    Column(
        "p_value_folded",
        "p fold",
        "$p$ folded",
        "its p-value under the Haar null",
        listed=False,
    ),
    Column(
        "p_adjusted_folded",
        "p fold adj",
        "$p$ folded, adjusted",
        "the same after Benjamini-Hochberg over all heads",
        listed=False,
    ),
    Column(
        "concentration_folded",
        "kappa fold",
        "$\\kappa$ folded",
        "concentration with the gain folded in",
    ),
    Column(
        "entropy_forecast_folded",
        "entropy fold",
        "entropy forecast folded",
        "entropy forecast with the gain folded in",
    ),
    Column(
        "bias_norm",
        "bias",
        "query bias",
        "norm of $W_K^\\top b_Q$ in units of the score: the standard deviation that it adds to the scores "
        "of tokens with unit variance; outside $W$ and all other columns",
    ),
    Column(
        "bias_norm_folded",
        "bias fold",
        "query bias folded",
        "the same with gain and bias of the norm folded in",
        listed=False,
    ),
    Column(
        "frobenius",
        "|W|",
        "$\\lVert W \\rVert_F$",
        "Frobenius norm of $W$: standard deviation of the scores of independent tokens with unit variance",
    ),
    Column(
        "frobenius_folded",
        "|W| fold",
        "$\\lVert W \\rVert_F$ folded",
        "Frobenius norm with the gain folded in",
        listed=False,
    ),
    Column("trace", "trace", "trace of $W$", "sum of the eigenvalues", listed=False),
    Column(
        "real_fraction",
        "real",
        "real eigenvalues",
        "share of the eigenvalues that are real; a tenth to a fifth at initialisation at common sizes",
        listed=False,
    ),
    Column("trace_of_square", "tr W2", "trace of $W^2$", "sum of the squared eigenvalues", listed=False),
    Column(
        "var_tr2",
        "var tr2",
        "variance from $\\mathrm{tr} W^2$",
        "mean of $(\\lambda - m)^2$; negative where the eigenvalues are mostly imaginary",
        listed=False,
    ),
    Column(
        "var_fro",
        "var fro",
        "variance from $\\lVert W \\rVert_F$",
        "$\\lVert W - m I \\rVert_F^2 / d$ with $m$ the mean of the eigenvalues",
        listed=False,
    ),
    Column(
        "var_sym",
        "var sym",
        "variance of $(W + W^\\top)/2$",
        "variance of the eigenvalues of the symmetric part",
        listed=False,
    ),
)
"""All columns, in the order of the table."""


def columns_of(table: "xr.Dataset", listed: bool = True) -> list[Column]:
    """The columns that the table has; with `listed` only those that a terminal shows."""
    return [column for column in COLUMNS if column.name in table and (column.listed or not listed)]


def facts(table: "xr.Dataset") -> list[tuple[str, str]]:
    """Facts about the checkpoint as name and words; text from files, not safe to show unchecked."""
    known = table.attrs
    heads = str(known["heads"])
    if known["key_heads"] != known["heads"]:
        heads += f" query heads, {known['key_heads']} key heads"
    note = f" ({known['contradicted']})" if known["contradicted"] else ""
    return [
        ("file", str(known["file"])),
        ("layout", _joined([str(known["layout"]), str(known["family"])])),
        ("dtype", f"{known['dtype']}, analysed in float64"),
        ("layers", str(table.sizes["layer"])),
        ("heads", f"{heads} of dimension {known['head_dim']} in each layer{note}"),
        ("width", str(known["width"])),
    ]


def _joined(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))
