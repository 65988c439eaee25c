"""Shared fixtures: small question sets, manifests and a tiny model, all real files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from crossthink.schema import Lineage, Question, question_id

settings.register_profile("quick", deadline=None)  # a busy machine is no failure
settings.register_profile("thorough", max_examples=3000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def make_question() -> Callable[..., Question]:
    """A function that makes a question; its id follows from its text."""

    def make(text: str, *, answer: str = "4", options: tuple[str, ...] = (), group: str = "math",
             source: str = "s", domain: str = "math", **more: object) -> Question:
        label = "ABCDEFGHIJ"[options.index(answer)] if options else ""
        return Question(id=question_id(text, options), question=text, options=options, answer=answer,
                        answer_label=label, answer_type="choice" if options else "math", verifier="math/1",
                        template="mcq" if options else "open", domain=domain, group=group, source=source,
                        licence="Apache-2.0", lineage=Lineage(), **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def write_manifest(tmp_path: Path) -> Callable[[Sequence[Question]], Path]:
    """A function that writes questions as one shard and a manifest, by hand, and returns the manifest's path."""
    import hashlib
    import json

    import pyarrow as pa

    from crossthink.arrow import arrow_schema, to_row

    def write(questions: Sequence[Question]) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        schema = arrow_schema(Question)
        shard = folder / "shard-00000-of-00001.arrow"
        with pa.OSFile(str(shard), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_table(pa.Table.from_pylist([to_row(q) for q in questions], schema=schema))
        data = shard.read_bytes()
        manifest = {"schema": "1.0", "code": "0.1.0", "record": "Question", "options": {}, "generation": 1,
                    "rows": len(questions), "files": [{"file": shard.name, "rows": len(questions), "bytes": len(data),
                                                       "sha256": hashlib.sha256(data).hexdigest()}]}
        path = folder / "manifest.json"
        path.write_text(json.dumps(manifest))
        return path

    return write


@pytest.fixture(scope="session")
def compiler() -> str:
    """The path of g++; a test that needs it is skipped where it is missing."""
    found = shutil.which("g++")
    if not found or sys.platform != "linux":
        pytest.skip("needs g++ on Linux")
    return found


@pytest.fixture(scope="session")
def sanitized(compiler: str) -> dict[str, str]:
    """The environment of a Python that loads a module built with -fsanitize=address,undefined."""
    libraries = [subprocess.run([compiler, f"-print-file-name={name}"], check=True, capture_output=True,
                                text=True).stdout.strip() for name in ("libasan.so", "libubsan.so")]
    return {"LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python and torch keep what they allocate at import
            "UBSAN_OPTIONS": "print_stacktrace=1"}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A randomly initialised Llama of two layers; a token is a character of printable ASCII or the end."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    characters = ["[END]", "\n", *map(chr, range(32, 127))]
    tokenizer = Tokenizer(models.WordLevel({c: i for i, c in enumerate(characters)}, unk_token=" "))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=len(characters), tie_word_embeddings=True, initializer_range=0.3, eos_token_id=0, bos_token_id=0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="[END]").save_pretrained(folder)
    return folder
