from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from binrecon.compare.judged import read_judged_bins
from binrecon.config.schema import DataConfig
from binrecon.manifest import Manifest, write_manifest
from binrecon.manifest.faults import SET_ASIDE_REASON
from binrecon.manifest.schema import SCHEMA
from binrecon.training.run_folder import RunFolder

WriteRun = Callable[..., Path]


def test_read_judged_bins__a_share_of_training_is_judged_on_the_bins_of_the_whole(
    write_run: WriteRun,
) -> None:
    columns = {name: [None, None] for name in SCHEMA.names}
    columns |= {"bin_id": ["1", "2"], "group": ["1", "2"], "status": ["usable", "usable"]}
    whole = pa.table({**columns, "split": ["train", "test"]}, schema=SCHEMA)
    aside = {"split": [None, "test"], "status": ["set_aside", "usable"], "reason": [SET_ASIDE_REASON, None]}
    folder = write_run("half", "data.train_share=0.5", manifest="b" * 64)
    write_manifest(Manifest(pa.table({**columns, **aside}, schema=SCHEMA)), folder / "manifest.parquet")
    judged = read_judged_bins(RunFolder(folder), DataConfig(train_share=0.5), "test")
    assert judged == (Manifest(whole).content_hash(), "grouped", "test", "0 to 5, drop")
