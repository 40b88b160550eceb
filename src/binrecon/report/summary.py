"""Bins and model of a run, as tables."""

from rich.table import Table
from torch import nn

from binrecon.config.split_words import SPLITS
from binrecon.manifest import Manifest
from binrecon.models import BinCounter


def manifest_table(manifest: Manifest) -> Table:
    """Build a table of the bins by split and recorded count, with the numbers of unusable bins by reason."""
    statuses = {str(status): bins for status, bins in manifest.count_statuses().items() if bins}
    usable = statuses.pop("usable", 0)
    left_out = ", ".join(f"{bins} {status}" for status, bins in statuses.items()) or "none"
    table = Table(
        title=f"{len(manifest)} bins: {usable} usable; left out: {left_out}",
        title_justify="left",
        title_style="",
    )
    counts = {split: manifest.count_classes(split) for split in SPLITS}
    heads = sorted({count for classes in counts.values() for count in classes})
    table.add_column("recorded count")
    for head in heads:
        table.add_column(str(head), justify="right")
    table.add_column("bins", justify="right")
    for split, classes in counts.items():
        cells = [str(classes.get(head, 0)) for head in heads]
        table.add_row(split, *cells, str(sum(classes.values())))
    return table


def model_table(counter: BinCounter) -> Table:
    """Build a table of the trained and the frozen parameters of backbone and head."""
    table = Table(title="model", title_justify="left", title_style="")
    for heading in ("part", "name", "trained", "frozen"):
        table.add_column(heading, justify="left" if heading in ("part", "name") else "right")
    parts: dict[str, tuple[str, nn.Module]] = {
        "backbone": (counter.backbone.name, counter.backbone),
        "head": (
            f"{counter.backbone.feature_count} features to counts {counter.min_count}..{counter.max_count}",
            counter.head,
        ),
    }
    for part, (name, module) in parts.items():
        trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
        frozen = sum(p.numel() for p in module.parameters() if not p.requires_grad)
        table.add_row(part, name, f"{trained:,}", f"{frozen:,}")
    return table
