import pytest
from rich.table import Table

from binrecon.cli import main
from binrecon.console import get_console


def test_get_console__ids_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("bin")
    table.add_row("\x1b[31mred\udce9")
    get_console().print(table)
    get_console().print("bin '\x1b[2J5'\nnext\t1", markup=False)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31mred\\xe9" in shown
    assert "bin '\\x1b[2J5'\nnext" in shown


def test_main__an_error_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "source.root=/\x1b[2J", "output_root=/\x1b[2J"]) == 2
    assert "\x1b" not in capsys.readouterr().err
