"""One worker at a time trains the winner."""

import subprocess
import sys
from pathlib import Path

from binrecon.sweep.place import taking_turns

HOLDER = """
import sys, time
from pathlib import Path
from binrecon.sweep.place import taking_turns
with taking_turns(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    time.sleep(600)
"""


def test_taking_turns__alone(tmp_path: Path) -> None:
    waited: list[str] = []
    for _ in range(2):
        with taking_turns(tmp_path / "folder" / "turn", lambda: waited.append("waited")):
            pass
    assert waited == []


def test_taking_turns__after_one_that_died(tmp_path: Path) -> None:
    turn = tmp_path / "turn"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(turn)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waited: list[str] = []

        def wait() -> None:
            waited.append("waited")
            holder.kill()

        with taking_turns(turn, wait):
            pass
    assert waited == ["waited"]
