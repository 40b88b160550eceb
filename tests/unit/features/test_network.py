from pathlib import Path

import pytest

from binrecon.errors import DamagedCacheError
from binrecon.features.network import check_network
from binrecon.sealed_file import write_sealed


def test_check_network__only_where_one_is_wanted(tmp_path: Path) -> None:
    check_network(tmp_path, is_wanted=False)
    with pytest.raises(DamagedCacheError, match=r"network.int8' is missing$"):
        check_network(tmp_path, is_wanted=True)


def test_check_network__of_another_store(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_sealed(one / "network.int8", b"graph and weights", "network of one")
    check_network(one, is_wanted=True)
    one.rename(other)
    with pytest.raises(DamagedCacheError, match=r"network.int8' is not what was written$"):
        check_network(other, is_wanted=True)
