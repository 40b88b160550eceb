import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from binrecon.errors import SourceError
from binrecon.sources.layout import BinPart
from binrecon.sources.s3.landing import Landing

ORIGIN = {"endpoint_url": None, "bucket": "aft-vbi-pds", "prefix": ""}


def list_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_place__file_where_the_bucket_has_it(tmp_path: Path) -> None:
    with Landing(tmp_path, ORIGIN) as landing:
        landing.place(BinPart("523", "photo"), b"a")
        landing.place(BinPart("00523", "record"), b"{}")
        assert landing.list_present("photo") == {"523": 1}
        assert landing.list_present("record") == {"00523": 2}
    assert list_files(tmp_path) == [
        ".binrecon/lock",
        ".binrecon/origin.json",
        "bin-images/523.jpg",
        "metadata/00523.json",
    ]


def test_place__newer_replaces_older(tmp_path: Path) -> None:
    with Landing(tmp_path, ORIGIN) as landing:
        landing.place(BinPart("523", "photo"), b"old")
        landing.place(BinPart("523", "photo"), b"new one")
    assert (tmp_path / "bin-images" / "523.jpg").read_bytes() == b"new one"


def test_place__failed_write_leaves_the_older_one(tmp_path: Path) -> None:
    with Landing(tmp_path, ORIGIN) as landing:
        landing.place(BinPart("523", "photo"), b"old")
        limit_file_size = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
        code = (
            f"{limit_file_size}; import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "from pathlib import Path\nfrom binrecon.sources.layout import BinPart\n"
            "from binrecon.sources.s3.landing import Landing\n"
            f"with Landing(Path({str(tmp_path)!r}), {ORIGIN!r}) as landing:\n"
            "    landing.place(BinPart('523', 'photo'), bytes(5000))\n"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert (tmp_path / "bin-images" / "523.jpg").read_bytes() == b"old"


def test_list_present__empty_files_and_others_do_not_count(tmp_path: Path) -> None:
    with Landing(tmp_path, ORIGIN) as landing:
        (tmp_path / "bin-images" / "1.jpg").touch()
        (tmp_path / "bin-images" / "readme.txt").write_text("x")
        assert landing.list_present("photo") == {}


def test_enter__removes_what_dead_processes_left_and_nothing_of_the_living(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom binrecon.sources.s3.landing import Landing\n"
        f"landing = Landing(Path({str(tmp_path)!r}), {ORIGIN!r}).__enter__()\n"
        "(landing.draft).write_bytes(b'half')\nos.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    unfinished = tmp_path / ".binrecon" / "unfinished"
    (dead,) = unfinished.iterdir()
    with Landing(tmp_path, ORIGIN) as living:
        living.draft.write_bytes(b"whole")
        assert not dead.exists()
        with Landing(tmp_path, ORIGIN):
            assert living.draft.read_bytes() == b"whole"
            assert len(list(unfinished.iterdir())) == 2
    assert list(unfinished.iterdir()) == []


def test_enter__refuses_to_mix_two_buckets(tmp_path: Path) -> None:
    with Landing(tmp_path, ORIGIN) as landing:
        landing.place(BinPart("00001", "photo"), b"a photo")
    message = (
        f"source.root: '{tmp_path}' holds bins of 'aft-vbi-pds' on Amazon S3, not of 'copy/abid' on "
        "http://127.0.0.1:8333; give another folder"
    )
    other = {"endpoint_url": "http://127.0.0.1:8333", "bucket": "copy", "prefix": "abid"}
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"), Landing(tmp_path, other):
        pass
    assert json.loads((tmp_path / ".binrecon" / "origin.json").read_text()) == ORIGIN


def test_enter__a_bucket_in_which_nothing_was_found_binds_nobody(tmp_path: Path) -> None:
    other = {**ORIGIN, "prefix": "misspelt"}
    with (
        Landing(tmp_path, other),
        pytest.raises(SourceError, match="holds bins of"),
        Landing(tmp_path, ORIGIN),
    ):
        pass  # as long as that fetch goes on
    with Landing(tmp_path, ORIGIN):
        assert json.loads((tmp_path / ".binrecon" / "origin.json").read_text()) == ORIGIN
    (tmp_path / ".binrecon" / "listing.parquet").touch()
    with pytest.raises(SourceError, match="holds bins of"), Landing(tmp_path, other):
        pass


def test_enter__damaged_origin(tmp_path: Path) -> None:
    (tmp_path / ".binrecon").mkdir()
    origin = tmp_path / ".binrecon" / "origin.json"
    origin.write_text("{")
    message = f"'{origin}' is damaged; remove it, and fetch with verify=true"
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"), Landing(tmp_path, ORIGIN):
        pass


def test_enter__root_is_a_file(tmp_path: Path) -> None:
    root = tmp_path / "bins"
    root.touch()
    message = (
        f"source.root: '{root}' cannot be written (Not a directory); free space there, or name another folder. "
        "What has been fetched stays, and the same command goes on from there"
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"), Landing(root, ORIGIN):
        pass


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_enter__root_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SourceError, match="cannot be written"), Landing(tmp_path / "bins", ORIGIN):
        pass
