"""The rule that a configuration asks for."""

from pathlib import Path

from binrecon.config.schema import DataConfig
from binrecon.config.split_words import PUBLISHED_SPLITS
from binrecon.errors import ManifestError
from binrecon.manifest.split import GroupedSplit, ListedSplit, SplitRule, describe_lack_of_records
from binrecon.manifest.thinning import ThinnedSplit
from binrecon.published import load_published_split


def build_split_rule(config: DataConfig) -> SplitRule:
    """Build the rule that a configuration asks for; lists are loaded only for a published split.

    Raises:
        ManifestError: If recorded counts shall come from lists, but the split cannot do without records.
    """
    rule = _build_whole_rule(config)
    return rule if config.train_share == 1 else ThinnedSplit(rule, config.train_share, config.split_seed)


def _build_whole_rule(config: DataConfig) -> SplitRule:
    grouped, needs_records = GroupedSplit.of(config), config.counts_from == "records"
    if config.split not in PUBLISHED_SPLITS:
        if not needs_records:
            raise ManifestError(describe_lack_of_records(config.split))
        return grouped
    lists_dir = Path(config.lists_dir).expanduser()
    return ListedSplit(
        load_published_split(config.split, lists_dir, config.split_seed), grouped, needs_records
    )
