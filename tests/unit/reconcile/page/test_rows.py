import json

import numpy as np
import pandas as pd
import pytest
from tests.reconciliation import NASTY_NAMES, build_reconciliation

from binrecon.reconcile.page.rows import DECISIONS, find_counts, list_rows, write_block


def test_list_rows() -> None:
    table = build_reconciliation()
    rows = list_rows(table)
    assert rows["bin_id"] == table["bin_id"].tolist()
    assert rows["rank"] == [1, 2, 3, 4, 5, 6, 7, None]
    assert [DECISIONS[index] for index in rows["decision"]] == table["decision"].tolist()  # type: ignore[index]
    assert rows["variance_probability"][-1] is None
    assert rows["variance_probability"][0] == pytest.approx(table["variance_probability"][0], abs=5e-5)
    assert rows["pair_bin_id"] == [None] * 8
    shares = np.array(rows["shares"]) / 1000
    expected = table[[f"p_{count}" for count in range(6)]].to_numpy()
    np.testing.assert_allclose(shares, expected, atol=5e-4 + 1e-6)


def test_list_rows__of_a_bin_without_a_photo() -> None:
    table = build_reconciliation()
    table.loc[0, [f"p_{count}" for count in range(6)]] = np.nan
    table.loc[0, ["mean_count", "predicted_count"]] = [np.nan, pd.NA]
    rows = list_rows(table)
    assert (rows["shares"][0], rows["mean_count"][0], rows["predicted_count"][0]) == (None, None, None)


def test_list_rows__refuses_a_decision_that_the_page_has_no_name_for() -> None:
    table = build_reconciliation()
    table.loc[0, "decision"] = "burn"
    with pytest.raises(ValueError, match="burn"):
        list_rows(table)


def test_find_counts__of_a_counter_that_begins_at_1() -> None:
    assert find_counts(build_reconciliation().drop(columns="p_0")) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_write_block__keeps_every_text_and_cannot_end_its_element(name: str) -> None:
    block = write_block({"name": name})
    assert json.loads(block) == {"name": name}
    assert not set("<>&\u2028\u2029") & set(block)


def test_write_block__refuses_what_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_block({"value": float("nan")})


def test_list_rows__writes_half_a_surrogate_pair_as_a_question_mark() -> None:
    table = build_reconciliation()
    table["items"] = table["items"].astype(object)
    table.at[0, "items"] = ["half \ud83d", "one; or two"]
    assert list_rows(table)["items"][0] == ["half ?", "one; or two"]
