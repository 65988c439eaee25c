"""token_logprob in CUDA C++ (csrc/cuda/logprob.cu) as a torch op: addresses and the current stream go to the core."""

from typing import Any

import torch

from crossthink import _core

Tensor = torch.Tensor


@torch.library.custom_op("crossthink::token_logprob_cuda", mutates_args=(), device_types="cuda")
def _forward(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    logp, entropy, stats = _results(logits)
    logits, token = _rows(logits), token.contiguous()
    with torch.cuda.device(logits.device):
        _core.cuda_token_logprob_forward(logits.data_ptr(), _type(logits), token.data_ptr(), logp.data_ptr(),
                                         entropy.data_ptr(), stats.data_ptr(), logits.shape[0], logits.shape[1],
                                         logits.stride(0), temperature, torch.cuda.current_stream().cuda_stream)
    return logp, entropy, stats


@_forward.register_fake
def _(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    return _results(logits)


@torch.library.custom_op("crossthink::token_logprob_cuda_backward", mutates_args=(), device_types="cuda")
def _backward(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
              temperature: float) -> Tensor:
    grad_logits = logits.new_empty(logits.shape)
    logits, token = _rows(logits), token.contiguous()
    grad_logp, grad_entropy = grad_logp.contiguous(), grad_entropy.contiguous()
    with torch.cuda.device(logits.device):
        _core.cuda_token_logprob_backward(logits.data_ptr(), _type(logits), token.data_ptr(), grad_logp.data_ptr(),
                                          grad_entropy.data_ptr(), entropy.data_ptr(), stats.data_ptr(),
                                          grad_logits.data_ptr(), logits.shape[0], logits.shape[1], logits.stride(0),
                                          temperature, torch.cuda.current_stream().cuda_stream)
    return grad_logits


@_backward.register_fake
def _(grad_logp: Tensor, grad_entropy: Tensor, logits: Tensor, token: Tensor, entropy: Tensor, stats: Tensor,
      temperature: float) -> Tensor:
    return logits.new_empty(logits.shape)


def _results(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    rows = logits.shape[0]
    return (logits.new_empty(rows, dtype=torch.float32), logits.new_empty(rows, dtype=torch.float32),
            logits.new_empty((rows, 2), dtype=torch.float32))


def _rows(logits: Tensor) -> Tensor:
    return logits if logits.stride(1) == 1 else logits.contiguous()


def _type(logits: Tensor) -> str:
    return str(logits.dtype).removeprefix("torch.")


def _context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    logits, token, ctx.temperature = inputs
    ctx.save_for_backward(logits, token, output[1], output[2])


def _gradient(ctx: Any, grad_logp: Tensor, grad_entropy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _backward(grad_logp, grad_entropy, *ctx.saved_tensors, ctx.temperature), None, None


_forward.register_autograd(_gradient, setup_context=_context)


def token_logprob(logits: Tensor, token: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """kernels/reference.py's op for logits [T, V] in fp32 or 16 bits, any row stride; a token outside [0, V) is NaN."""
    logp, entropy, _ = _forward(logits, token, temperature)
    return logp, entropy
