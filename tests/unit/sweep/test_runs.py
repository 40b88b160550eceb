import json
from pathlib import Path

import pytest

from binrecon.errors import StudyError
from binrecon.sweep.runs import read_trial
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_text

SOUND = {"study": "s", "storage": None, "journal": "j", "pruner": "none", "objective": None, "trial_id": 1}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", json.dumps({**SOUND, "pruner": "os.system"}), json.dumps({**SOUND, "trial_id": "1"})],
)
def test_read_trial__not_what_a_sweep_wrote(content: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin()
    write_text(tmp_path / "trial.json", content)
    with pytest.raises(StudyError, match="is no trial of a sweep"):
        read_trial(folder)
    write_text(tmp_path / "trial.json", json.dumps(SOUND))
    assert read_trial(folder) == SOUND
