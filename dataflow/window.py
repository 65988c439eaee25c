"""How far an engine sends ahead of a worker: a MiB, asked for when this module is imported.

gRPC makes the window of a stream as large as what was ever on its way at once. Between an engine and a worker on one
machine that is no distance, but the time that the worker has no processor: with two busy cores tens of MB lay in a
worker's heap before Beam's own queue of inputs, and the longer the job the more.

A channel keeps what it was opened with, so a worker must import this with its first piece of work: `Given` is where
every graph begins.
"""

from typing import Any

from apache_beam.runners.worker.channel_factory import GRPCChannelFactory

AHEAD = 1 << 20
"""Bytes: 500 MB a second over a network that answers in 2 ms."""

# a release of Beam without the list has workers as they were
options: list[Any] = getattr(GRPCChannelFactory, "DEFAULT_OPTIONS", [])
options += [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", AHEAD)]
