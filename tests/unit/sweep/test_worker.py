import json
from pathlib import Path

import pytest

from binrecon.errors import StudyError
from binrecon.sweep.worker import _read_trial

SOUND = {"study": "s", "storage": None, "journal": "j", "pruner": "none", "objective": None, "trial_id": 1}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", json.dumps({**SOUND, "pruner": "os.system"}), json.dumps({**SOUND, "trial_id": "1"})],
)
def test_read_trial__not_what_a_sweep_wrote(content: str, tmp_path: Path) -> None:
    path = tmp_path / "trial.json"
    path.write_text(content)
    with pytest.raises(StudyError, match="start the sweep again"):
        _read_trial(path)
    path.write_text(json.dumps(SOUND))
    assert _read_trial(path) == SOUND
