import pytest

from binrecon.config.budget_words import Budget, parse_budget
from binrecon.errors import ConfigError

FORMS = (
    "give a share of the bins such as '0.5%', a number of them such as '200 bins', or what a recount costs against "
    "a missed variance, such as '1:40'"
)


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("0.5%", "share", 0.005),
        (" 100 % ", "share", 1.0),
        ("200 bins", "bins", 200),
        ("1bin", "bins", 1),
        ("1:40", "cost", 40),
        ("1.5 : 30", "cost", 20),
    ],
)
def test_parse_budget(text: str, kind: str, amount: float) -> None:
    budget = parse_budget(text)

    assert budget == Budget(kind, pytest.approx(amount), text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("200", f"'200' has no unit; {FORMS}"),
        ("0.5", f"'0.5' has no unit; {FORMS}"),
        ("", f"'' is none; {FORMS}"),
        ("0,5%", f"'0,5%' is none; {FORMS}"),
        ("-1%", f"'-1%' is none; {FORMS}"),
        ("2.5 bins", f"'2.5 bins' is none; {FORMS}"),
        ("half", f"'half' is none; {FORMS}"),
        ("1:40:2", f"'1:40:2' is none; {FORMS}"),
        ("0%", "must be above 0% and at most 100%, got '0%'"),
        ("100.1%", "must be above 0% and at most 100%, got '100.1%'"),
        ("0 bins", "must be 1 bin or more, got '0 bins'"),
        ("0:40", "must be two costs above 0, as 1:40, got '0:40'"),
        ("1:0", "must be two costs above 0, as 1:40, got '1:0'"),
    ],
)
def test_parse_budget__refuses(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_budget(text)

    assert caught.value.problems == (f"budget: {problem}",)
