"""The memory of large blocks is kept for the next step, where the C library can."""

import platform
import subprocess
import sys

import pytest

COUNT_FAULTS = """
import ctypes
import resource
import torch
from binrecon.training.memory import keep_freed_memory

DISABLE_HUGE_PAGES = 41  # prctl(2): where the kernel has some to spare, it takes a fault for 2 MB
ctypes.CDLL(None).prctl(DISABLE_HUGE_PAGES, 1, 0, 0, 0)
{call}
for _ in range(4):
    torch.ones(16_000_000)
faults = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt]
for _ in range(8):
    torch.ones(16_000_000)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(min(after - before for before, after in zip(faults, faults[1:])))  # a busy system takes pages back
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_a_freed_block_is_used_again_without_asking_the_kernel() -> None:
    kept = _page_faults("assert keep_freed_memory()")
    given_back = _page_faults("")
    assert kept < 100 < given_back


def _page_faults(call: str) -> int:
    code = COUNT_FAULTS.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)
