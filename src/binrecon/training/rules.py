"""What holds for a head however it is trained: alone under Lightning, or beside others."""

from binrecon.config.schema import HeadConfig, MlpHeadConfig
from binrecon.errors import ConfigError


def check_batches(head: HeadConfig, bin_count: int, batch_size: int, process_count: int = 1) -> None:
    """Refuse a last batch that is too small for the head.

    BatchNorm cannot train on a single bin. Every bin is seen once in every epoch, whatever the head, so the
    last batch is neither dropped nor filled up.

    Args:
        head: One of the head schemas.
        bin_count: Number of training bins, at least 1.
        batch_size: Bins in a batch, over all processes.
        process_count: Processes that share each batch.

    Raises:
        ConfigError: If a process would have a single bin of a batch and the head has BatchNorm.
    """
    last = bin_count % batch_size or batch_size
    if isinstance(head, MlpHeadConfig) and -(-last // process_count) < 2:
        raise ConfigError(
            [
                f"data.batch_size: of {bin_count} training bins, batches of {batch_size} leave {last} for "
                "the last one, a single bin for a process, and head=mlp cannot normalise over that; "
                "use another data.batch_size, or head=linear"
            ]
        )
