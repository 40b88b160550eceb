"""Settings of the C library's allocator, from which torch takes memory on the CPU."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed_memory() -> bool:
    """Ask glibc to keep freed blocks for the next layer, rather than give each back to the kernel.

    By default a large block is a mapping of its own: the feature maps of every training step are mapped,
    filled with zeros page by page and unmapped again, which takes longer than to compute them. The process
    keeps the memory of its largest step until it ends.

    Returns:
        Whether it was done: other C libraries have no such setting.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))
