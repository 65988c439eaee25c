"""What a model was trained on: a note beside its weights that names the manifest of its data."""

import json
import os
from pathlib import Path

from crossthink.files import write_json
from crossthink.shards import Manifest

NOTE = "trained_on.json"


def write_note(model: Path, manifest: Manifest) -> None:
    """Leave the note; the path is written as seen from the model's folder, so that both can move together."""
    write_json(model / NOTE, {"manifest": os.path.relpath(manifest.path, model), "data": manifest.digest})


def manifest_of(model: str | Path) -> Path | None:
    """The manifest that a model's folder names; None where it names none."""
    try:
        named = json.loads((Path(model) / NOTE).read_text(encoding="utf-8"))["manifest"]
        return Path(os.path.normpath(Path(model) / named))
    except (OSError, ValueError, KeyError, TypeError):
        return None
