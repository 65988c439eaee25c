"""Ranks: who this process is among those that torchrun started, and the sums they share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process and its fellows. One process alone needs no process group."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this rank writes files and speaks."""
        return self.rank == 0

    def share(self, n: int) -> range:
        """The contiguous part of n items that this rank works on; parts differ by at most one."""
        return range(n * self.rank // self.world, n * (self.rank + 1) // self.world)

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Sum every gradient over the ranks, in place, parameter by parameter in the model's order."""
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            if self.world > 1:
                dist.all_reduce(parameter.grad)

    def gather(self, items: list[Any]) -> list[Any]:
        """The items of all ranks, by rank, on every rank."""
        if self.world == 1:
            return items
        parts: list[list[Any]] = [[] for _ in range(self.world)]
        dist.all_gather_object(parts, items)
        return [item for part in parts for item in part]

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.world > 1:
            dist.barrier()


def join_ranks() -> Ranks:
    """Read torchrun's environment and join the process group (nccl on GPUs, gloo on CPUs)."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    return Ranks(rank, world, device)
