"""`reconcile --apply`: an audit set against the reconciliation that it is of."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from binrecon.config.apply import ApplyConfig
from binrecon.console import get_console
from binrecon.errors import AuditError
from binrecon.reconcile.audit import apply_audit, write_labels
from binrecon.reconcile.audit_file import read_audit
from binrecon.reconcile.audit_report import show_audit
from binrecon.reconcile.identity import name_reconciliation
from binrecon.reconcile.table import PARQUET


def apply(config: ApplyConfig) -> None:
    """Print what an audit found, and write what was counted as labels for training.

    Args:
        config: Checked by `validate`.

    Raises:
        AuditError: If the audit cannot be read, or its reconciliation cannot be found.
        OutputError: If the labels cannot be written.
    """
    audit = Path(config.audit).expanduser()
    folder, table = _find(audit, config)
    result = apply_audit(audit, table)
    show_audit(result)
    labels = folder / "labels.csv"
    write_labels(result, labels)
    get_console().print(f"labels: {labels}", highlight=False, markup=False)


def _find(audit: Path, config: ApplyConfig) -> tuple[Path, pd.DataFrame]:
    """Find the folder of the reconciliation, and read its table."""
    if config.results is not None:
        folder = Path(config.results).expanduser()
        if not (folder / PARQUET).is_file():
            raise AuditError(f"results: '{folder}' has no {PARQUET}; give the folder of a reconciliation")
        return folder, _read_table(folder / PARQUET)
    named = {row.reconciliation for row in read_audit(audit)}
    root = Path(config.output_root).expanduser()
    paths = sorted(root.rglob(PARQUET), key=lambda path: path.stat().st_mtime, reverse=True)
    damaged = []
    for path in paths:
        try:
            table = _read_table(path)
        except AuditError as error:
            damaged.append(str(error))
            continue
        if name_reconciliation(table) in named:
            return path.parent, table
    heading = (
        f"audit '{audit}' is of reconciliation {' and '.join(sorted(named))}, which is none of the "
        f"{len(paths):,} below '{root}'; give its folder with results=FOLDER"
    )
    raise AuditError("\n  ".join([heading, *damaged]))


def _read_table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise AuditError(
            f"'{path}' cannot be read as a reconciliation; run `binrecon reconcile` again, elsewhere"
        ) from error
