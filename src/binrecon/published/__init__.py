"""Published lists of bins, the splits made of them, their class counts, and published results."""

from binrecon.published.lists import read_counting_list, read_file_list
from binrecon.published.splits import PublishedSplit, load_published_ids, load_published_split

__all__ = [
    "PublishedSplit",
    "load_published_ids",
    "load_published_split",
    "read_counting_list",
    "read_file_list",
]
