"""A worker's threads share one heap of the C library."""

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, tempfile, threading
{first}
library = ctypes.CDLL(None)
library.malloc.restype, library.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
together = threading.Barrier(6)
def take():
    together.wait()
    library.malloc(1000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(library.fopen(file.name.encode(), b"w"))
    library.malloc_info(0, stream)
    library.fclose(stream)
    print(open(file.name).read().count("<heap nr="))
"""

HOLES = """
import ctypes
from crossthink.dataflow import heap
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
blocks = [ctypes.c_void_p(library.malloc(16000)) for _ in range(8192)]
for block in blocks:
    ctypes.memset(block, 1, 16000)
for number, block in enumerate(blocks):
    if number % 32 != 31:
        library.free(block)
full = resident()
heap.trim()
print(full - resident())
"""


def heaps(first: str) -> int:
    ran = subprocess.run([sys.executable, "-c", HEAPS.format(first=first)], capture_output=True, text=True, check=True)
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_info and its heaps are those of Linux' C library")
def test_threads_share_one_heap() -> None:
    # six threads that ask for memory at the same time get heaps of their own, one each as long as the cores allow (two
    # at least, the first thread's among them), unless they share
    assert heaps("") > 1
    assert heaps("import crossthink.dataflow.heap") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_info and its heaps are those of Linux' C library")
def test_every_stage_asks_for_it() -> None:
    code = "import sys, crossthink.dataflow.stages.stage; print('crossthink.dataflow.heap' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True"]


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is of Linux' C library")
def test_what_is_free_between_what_is_in_use_goes_back() -> None:
    # 8,192 blocks of 16,000 bytes are 125 MiB; every 32nd stays, the last among them, so nothing is free at the end.
    # Of the 121 MiB between them all but the broken pages beside the ones that stay (256 times at most 8 KiB) goes back
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert 115 < int(ran.stdout) < 125
