"""Real Flink, a real Spark cluster and a pool of workers, each for the time of a `with`.

They need Java 17, Beam's job servers with the engines' jars under CROSSTHINK_SHARED (default ../shared), and for Spark
the package pyspark 3.5; `missing(engine)` says what is not there.
"""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("CROSSTHINK_SHARED", Path(__file__).parents[3] / "shared"))
SERVER = SHARED / "tools/beam-job-server"


def missing(engine: str) -> str:
    """What a test on `flink` or `spark` lacks; "" where all is there."""
    if shutil.which("java") is None:
        return "java is missing: install a Java 17 runtime"
    if not SERVER.exists() or not (SHARED / "jars" / engine).is_dir():
        return f"{SHARED}/jars/{engine} is missing: Beam's job server with the engine's jars"
    if engine == "spark" and importlib.util.find_spec("pyspark") is None:
        return "pyspark is missing: pip install -r requirements/engines.txt"
    return ""


@contextmanager
def process(command: Sequence[str], log: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process with children of its own, killed at the end; its output goes to `log`."""
    with log.open("wb") as file:
        started = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                                   env={**os.environ, **environment})
    try:
        yield started
    finally:
        kill(started)


def kill(started: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to a process and its children, if it still runs."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@contextmanager
def flink(folder: Path) -> Iterator[list[str]]:
    """Flink inside of its job server; gives the arguments that send a job there."""
    port = free_ports(3)[-1]
    with process([str(SERVER), "flink", str(port)], folder / "flink.log"):
        wait_for_port(port)
        yield portable(port)


@contextmanager
def spark(folder: Path) -> Iterator[tuple[list[str], list["subprocess.Popen[bytes]"], Callable[[], int]]]:
    """A Spark master with two workers, and the job server as its driver.

    Gives the arguments that send a job there, the workers, and a function that says how many tasks are done.
    """
    import pyspark

    home = str(Path(pyspark.__file__).parent)
    master, *web, ui, _, _, port = free_ports(8)
    run = [f"{home}/bin/spark-class"]
    deploy = "org.apache.spark.deploy"
    with process([*run, f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(master), "--webui-port",
                  str(web[0])], folder / "master.log", SPARK_HOME=home):
        wait_for_port(master)
        worker = [*run, f"{deploy}.worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "1g", "--work-dir",
                  str(folder / "spark"), f"spark://127.0.0.1:{master}", "--webui-port"]
        with (process([*worker, str(web[1])], folder / "worker-1.log", SPARK_HOME=home) as first,
              process([*worker, str(web[2])], folder / "worker-2.log", SPARK_HOME=home) as second,
              process([str(SERVER), "spark", str(port)], folder / "driver.log", PYTHON=sys.executable,
                      SPARK_MASTER=f"spark://127.0.0.1:{master}", JAVA_OPTIONS=f"-Dspark.ui.port={ui}")):
            wait_for_port(port)
            yield portable(port), [first, second], lambda: tasks_done(ui)


@contextmanager
def worker_pool(folder: Path) -> Iterator[tuple[list[str], "subprocess.Popen[bytes]"]]:
    """A process that starts Python workers on request; gives the arguments that make an engine ask it, and itself."""
    [port] = free_ports(1)
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"]
    with process(command, folder / "pool.log", PATH=found) as started:
        wait_for_port(port)
        yield ["--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"], started


def portable(port: int) -> list[str]:
    """Beam's options for a job server."""
    return ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", "--environment_type=LOOPBACK"]


def tasks_done(ui: int) -> int:
    """Tasks that the Spark driver with this web port has done; 0 where it has no job yet."""
    try:
        [app] = _get(f"http://127.0.0.1:{ui}/api/v1/applications")
        return sum(job["numCompletedTasks"] for job in _get(
            f"http://127.0.0.1:{ui}/api/v1/applications/{app['id']}/jobs"))
    except (OSError, ValueError):
        return 0


def free_ports(count: int) -> list[int]:
    """Neighbouring ports that are free, ascending: a job server takes the two below its own, too."""
    for start in range(20_000 + os.getpid() % 20_000, 60_000, 7):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", start + offset))
            return list(range(start, start + count))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on port {port}")


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)
