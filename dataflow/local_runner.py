"""Beam's runner in this process, with worker processes of ours."""

import sys
from collections.abc import Sequence
from itertools import pairwise

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from crossthink.config import ConfigError

IN_PROCESS = "FnApiRunner"
"""The runner behind DirectRunner: named directly, because DirectRunner tries to download another one first."""
WORKER = f"{sys.executable} -m crossthink.dataflow.worker"


def runner_of(options: PipelineOptions) -> str:
    """The name of the runner that these options ask for."""
    name: str = options.view_as(StandardOptions).runner or IN_PROCESS
    return IN_PROCESS if name == "DirectRunner" else name


def check_words(options: PipelineOptions, words: Sequence[str]) -> None:
    """Raise ConfigError for a word of the command line that Beam would pass over: one that is no option's value, and an
    option that the runner in process does not know. A job server has options of its own, which Beam asks it for."""
    known = options.get_all_options(retain_unknown_options=True)
    if runner_of(options) == IN_PROCESS and (unknown := known.keys() - options.get_all_options().keys()):
        raise ConfigError(f"--{min(unknown)}: neither the data line nor Beam's runner in process has this option")
    for before, word in pairwise(["", *words]):
        is_value = before.startswith("--") and "=" not in before and known.get(before[2:]) is not True
        if not (is_value or word.startswith("-")):
            raise ConfigError(f"{word!r} is no option, and no option's value: write an override as section.key=value")


def local_runner(options: PipelineOptions) -> FnApiRunner:
    """The runner for these options. Where they ask for worker processes, these are `worker.py` and know all options.

    Beam's own know none, neither the level of their log nor the address of an object store. It starts them whatever its
    default environment is, so the mode is taken out of the options.
    """
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode != "multi_processing":
        return FnApiRunner()
    direct.direct_running_mode = "in_memory"
    known = {name: value if isinstance(value, bool | list) else str(value)
             for name, value in options.get_all_options(drop_default=True).items() if value is not None}
    return FnApiRunner(
        default_environment=SubprocessSDKEnvironment.from_command_string(WORKER),
        provision_info=ExtendedProvisionInfo(beam_provision_api_pb2.ProvisionInfo(
            retrieval_token="unused", pipeline_options=dict_to_struct(known))))
