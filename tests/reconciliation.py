"""A reconciliation of made-up bins, as `binrecon reconcile` writes it, for tests of what comes after."""

import numpy as np
import pandas as pd

NASTY_NAMES = (
    "Lego® <b>bold</b> & co",
    "<script>alert(1)</script>",
    "</script><script>window.hacked = true</script>",
    '"><img src=x onerror="window.hacked = true">',
    "Lego&reg;-Set <!-- comment",
    "line\u2028separator {{ 7 * 7 }}",
    "=HYPERLINK(1)",
    "one; or two",
)
"""Names that no page may take for anything but text."""


def build_reconciliation(bins: int = 8, to_recount: int = 4, seed: int = 0) -> pd.DataFrame:
    """A table in the order of rank; the last of its bins are photographed again, and one is not judged."""
    rng = np.random.default_rng(seed)
    recorded = rng.integers(0, 6, size=bins)
    shares = rng.dirichlet(np.ones(6), size=bins)
    variance = np.sort(rng.uniform(0.01, 0.6, size=bins))[::-1]
    table = pd.DataFrame(
        {
            "rank": pd.array(range(1, bins + 1), dtype="Int32"),
            "bin_id": [f"{number:05d}" for number in rng.permutation(bins) + 1],
            "decision": ["recount"] * to_recount + ["confirm"] * (bins - to_recount),
            "reason": ["the photo shows another count"] * to_recount + ["as recorded"] * (bins - to_recount),
            "recorded_count": pd.array(recorded, dtype="Int32"),
            "predicted_count": pd.array(shares.argmax(axis=1), dtype="Int32"),
            "mean_count": (shares @ np.arange(6)).astype("float32"),
            **{f"p_{count}": shares[:, count].astype("float32") for count in range(6)},
            "p_match": (1 - variance).astype("float32"),
            "variance_probability": variance.astype("float32"),
            "likely_count": pd.array(recorded, dtype="Int32"),
            "expected_variance": (variance * 1.5).astype("float32"),
            "count_set": "1-3",
            "sharpness": 1.0,
            "brightness": 1.0,
            "novelty": 1.0,
            "pair_bin_id": None,
            "pair_change_probability": np.nan,
            "items": [[NASTY_NAMES[number % len(NASTY_NAMES)]] for number in range(bins)],
        }
    )
    _leave_unjudged(table)
    return table


def _leave_unjudged(table: pd.DataFrame) -> None:
    """The last bin is recorded as 9, which the counter cannot know."""
    last = len(table) - 1
    table.loc[last, ["rank", "likely_count", "p_match", "variance_probability", "expected_variance"]] = pd.NA
    table.loc[last, ["decision", "recorded_count"]] = ["not_judged", 9]
