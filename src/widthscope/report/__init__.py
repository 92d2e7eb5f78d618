"""The report: one self-contained page, and the list of judged claims, from what a run left on disk."""

from widthscope.report.claims import collect_claims
from widthscope.report.page import Built, build
from widthscope.report.results import Product

__all__ = ["Built", "Product", "build", "collect_claims"]
