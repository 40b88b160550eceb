import pytest

from binrecon.errors import ConfigError
from binrecon.reproduce.command import reproduce


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["stanfrod"], "'stanfrod' is no published table; tables are stanford, proposal, unc. Did you mean 'stanford'?"),
        ([], "no table is named; tables are stanford, proposal, unc"),
    ],
)  # fmt: skip
def test_reproduce__no_table(words: list[str], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reproduce(words)
    assert caught.value.problems == (problem,)
