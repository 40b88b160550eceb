"""What a run starts from, as tables: its bins and its model."""

from rich.table import Table
from torch import nn

from binrecon.config.split_words import SPLITS
from binrecon.manifest import Manifest
from binrecon.models import BinCounter


def manifest_table(manifest: Manifest) -> Table:
    """Show how many bins of each recorded count every split has, and how many bins were left out and why."""
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
    """Show how many parameters of backbone and head are trained, and how many stay as they are."""
    table = Table(title="model", title_justify="left", title_style="")
    for heading in ("part", "what", "trained", "frozen"):
        table.add_column(heading, justify="left" if heading in ("part", "what") else "right")
    parts: dict[str, tuple[str, nn.Module]] = {
        "backbone": (counter.backbone.name, counter.backbone),
        "head": (
            f"{counter.backbone.feature_count} features to counts {counter.min_count}..{counter.max_count}",
            counter.head,
        ),
    }
    for part, (what, module) in parts.items():
        trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
        frozen = sum(p.numel() for p in module.parameters() if not p.requires_grad)
        table.add_row(part, what, f"{trained:,}", f"{frozen:,}")
    return table
