"""The page: one HTML file that shows which bins to recount and takes down what an auditor counts."""

from binrecon.reconcile.page.build import PageFacts, write_page

__all__ = ["PageFacts", "write_page"]
