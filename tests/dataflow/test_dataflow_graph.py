"""The graph of `run` as Dataflow would get it, by DataflowRunner's own code and without a cloud."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

beam = pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as proto

from crossthink.config import load_recipe

sys.path.insert(0, os.path.dirname(__file__))
from small_run import REPO, add_run, write_inputs

pytestmark = pytest.mark.slow

IMAGE = "europe-docker.pkg.dev/some-project/crossthink/worker:1"
STEPS = {"warc files", "spread files", "split files", "spread splits", "pages", "near_duplicate_pages", "passages",
         "question files", "spread question files", "rows", "question by id", "exact_duplicates", "near_duplicates",
         "questions", "shards", "everything", "result", "write result"}
"""Among the names of the first level: Dataflow's page and its updates know a step by its name."""


def graph(folder: Path, *more: str) -> proto.Pipeline:
    """The job `run` over the small inputs as DataflowRunner would submit it."""
    recipe = load_recipe(write_inputs(folder))
    options = PipelineOptions(["--runner=DataflowRunner", "--dry_run=True", "--project=some-project", *more,
                               "--region=europe-west4", "--temp_location=gs://some-bucket/tmp", "--job_name=crossthink",
                               "--sdk_location=container", "--no_save_main_session"])
    pipeline = beam.Pipeline(options=options)
    add_run(pipeline, recipe, folder / "out")
    return pipeline.run().job.proto_pipeline


@pytest.fixture(autouse=True)
def client() -> None:
    """DataflowRunner imports its client for what it builds, too."""
    try:
        importlib.import_module("apache_beam.runners.dataflow.internal.apiclient")
    except ImportError as error:
        pytest.skip(f"{error}: pip install 'apache-beam[gcp]'")


def names(pipeline: proto.Pipeline) -> list[str]:
    return [transform.unique_name for transform in pipeline.components.transforms.values()]


def test_steps_have_names_that_stay(tmp_path: Path) -> None:
    found = names(graph(tmp_path / "a", f"--sdk_container_image={IMAGE}"))
    assert len(found) == len(set(found))
    assert {name.split("/")[0] for name in found} >= STEPS
    ours = [path.name for path in (REPO / "dataflow").rglob("*.py")]
    assert not [name for name in found if "0x" in name or any(f" at {file}:" in name for file in ours)]
    assert names(graph(tmp_path / "b", f"--sdk_container_image={IMAGE}")) == found


def test_workers_get_the_image_or_the_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "crossthink-0.1.0-cp311-cp311-linux_x86_64.whl"
    wheel.write_bytes(b"")
    for more, image, files in (([f"--sdk_container_image={IMAGE}"], IMAGE, []),
                               ([f"--extra_package={wheel}"], "", [wheel.name])):
        environments = _environments(graph(tmp_path / "in", *more))
        assert [found.container_image for found, _ in environments if found.container_image == image or not image]
        staged = {name for _, some in environments for name in some}
        assert staged >= set(files)
        assert "pickled_main_session" not in staged


def _environments(pipeline: proto.Pipeline) -> list[tuple[Any, list[str]]]:
    """(Docker payload, names of the staged files) of each environment."""
    found = []
    for environment in pipeline.components.environments.values():
        assert environment.urn == common_urns.environments.DOCKER.urn
        names_of = [proto.ArtifactStagingToRolePayload.FromString(one.role_payload).staged_name
                    for one in environment.dependencies]
        found.append((proto.DockerPayload.FromString(environment.payload), names_of))
    return found
