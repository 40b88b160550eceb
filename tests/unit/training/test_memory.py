"""The memory of large blocks is kept for the next step, where the C library can."""

import platform
import subprocess
import sys

import pytest

COUNT_FAULTS = """
import resource
import torch
from binrecon.training.memory import keep_freed_memory

{call}
for _ in range(4):
    torch.ones(16_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    torch.ones(16_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_a_freed_block_is_used_again_without_asking_the_kernel() -> None:
    kept = _page_faults("assert keep_freed_memory()")
    given_back = _page_faults("")
    assert kept < 1_000 < given_back


def _page_faults(call: str) -> int:
    code = COUNT_FAULTS.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)
