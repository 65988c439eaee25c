"""An engine sends no more ahead of a worker than a MiB, and workers ask for it before they open a channel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

beam = pytest.importorskip("apache_beam")
pytest.importorskip("resiliparse")
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as proto
from crossthink.dataflow.options import new_ledger

from crossthink.config import load_recipe

sys.path.insert(0, os.path.dirname(__file__))
from small_run import add_run, write_inputs

AHEAD = """
import time
from concurrent.futures import ThreadPoolExecutor
import grpc
from crossthink.dataflow import window
from apache_beam.runners.worker.channel_factory import GRPCChannelFactory
sent = 0
def stream(request, context):
    global sent
    for _ in range(400):
        sent += 1
        yield bytes(1 << 20)
server = grpc.server(ThreadPoolExecutor(1))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
    "engine", {"data": grpc.unary_stream_rpc_method_handler(stream)}),))
port = server.add_insecure_port("localhost:0")
server.start()
ahead = 0
channel = GRPCChannelFactory.insecure_channel(f"localhost:{port}")
for number, _ in enumerate(channel.unary_stream("/engine/data")(b""), 1):
    if number % 100 == 0:
        time.sleep(1)  # the worker has other things to do
        ahead = max(ahead, sent - number)
print(number, ahead)  # of what came, and of what the server had sent beyond it
"""


def test_an_engine_sends_a_mib_ahead() -> None:
    ran = subprocess.run([sys.executable, "-c", AHEAD], capture_output=True, text=True, check=True)
    came, most = map(int, ran.stdout.split())
    # What is on its way when the worker stops: one in the server's hands, one in its socket, one in the window. gRPC's
    # own window grows with what was on its way at once: 8 to 50 messages, as the machine has time for both sides.
    assert came == 400
    assert most <= 3


LOADS = """
import sys
from apache_beam.internal import pickler
pickler.loads(sys.stdin.buffer.read())
print("crossthink.dataflow.window" in sys.modules, "crossthink.dataflow.heap" in sys.modules)
"""


def test_a_worker_reads_it_with_the_first_function_of_a_graph(tmp_path: Path) -> None:
    recipe = load_recipe(write_inputs(tmp_path), [
        "model.path=m", "data.questions_per_passage=1", "data.vote_samples=3",
        "data.max_generated_tokens=100000", "data.difficulty_attempts=1", "data.difficulty_limit=5"])
    new_ledger(str(tmp_path / "out"))
    pipeline = beam.Pipeline()
    add_run(pipeline, recipe, tmp_path / "out")
    steps = pipeline.to_runner_api().components.transforms.values()
    impulses = {name for step in steps if step.spec.urn == common_urns.primitives.IMPULSE.urn
                for name in step.outputs.values()}
    first = [step for step in steps if step.spec.urn == common_urns.primitives.PAR_DO.urn
             and impulses & set(step.inputs.values())]
    assert len(first) == len(impulses) >= 3  # crawl files, question files, every shard
    for step in first:
        function = proto.ParDoPayload.FromString(step.spec.payload).do_fn.payload
        ran = subprocess.run([sys.executable, "-c", LOADS], input=function, capture_output=True, check=True)
        assert ran.stdout.split() == [b"True", b"True"], step.unique_name
