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
