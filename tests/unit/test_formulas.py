from hypothesis import given
from hypothesis import strategies as st

from binrecon.formulas import FORMULA_STARTS, free_cell, guard_cell

TEXTS = st.text(st.sampled_from([*FORMULA_STARTS, "'", "a", "0", "\u2028"]))


@given(TEXTS)
def test_guard_cell__is_taken_off_again(text: str) -> None:
    assert free_cell(guard_cell(text)) == text


@given(TEXTS)
def test_guard_cell__leaves_no_formula(text: str) -> None:
    assert not guard_cell(text).startswith(tuple(FORMULA_STARTS))
