"""The row kernels of every backend behind two functions: log-prob and entropy of rows of logits, and their gradient."""

import torch

from crossthink import _core
from crossthink.ops.device import stream, type_name

Tensor = torch.Tensor
Rows = tuple[Tensor, Tensor, Tensor]
"""Log-prob [T], entropy [T] and statistics [T, 2] (largest logit, log of the sum of exponentials), fp32."""


def rows_forward(backend: str, logits: Tensor, token: Tensor, temperature: float) -> Rows:
    """What is read off rows of logits.

    logits [T, V] with contiguous rows, fp32 (on the device 16 bits as well); token [T] int64, contiguous.
    """
    logp, entropy, stats = row_results(logits)
    if backend == "cpp":
        _core.token_logprob_forward(logits.numpy(), token.numpy(), temperature, logp.numpy(), entropy.numpy(),
                                    stats.numpy(), torch.get_num_threads())
    elif backend == "cuda":
        with torch.cuda.device(logits.device):
            _core.cuda_token_logprob_forward(
                logits.data_ptr(), type_name(logits.dtype), token.data_ptr(), logp.data_ptr(), entropy.data_ptr(),
                stats.data_ptr(), logits.shape[0], logits.shape[1], logits.stride(0), temperature, stream())
    else:
        from crossthink.kernels import token_logprob  # triton is not on every machine

        token_logprob.forward(logits, token, temperature, logp, entropy, stats)
    return logp, entropy, stats


def rows_backward(backend: str, logits: Tensor, token: Tensor, grads: tuple[Tensor, Tensor],
                  saved: tuple[Tensor, Tensor], temperature: float, grad: Tensor) -> None:
    """Fill `grad` [T, V] from the forward's logits, the gradients of logp and entropy [T], and its (entropy, stats).

    `grad` may be the logits themselves, or their narrower view (`over`); cpp takes nothing else.
    """
    (grad_logp, grad_entropy), (entropy, stats) = grads, saved
    if backend == "cpp":
        assert grad.data_ptr() == logits.data_ptr()
        _core.token_logprob_backward(logits.numpy(), token.numpy(), grad_logp.numpy(), grad_entropy.numpy(),
                                     entropy.numpy(), stats.numpy(), temperature, grad.dtype != logits.dtype,
                                     torch.get_num_threads())
    elif backend == "cuda":
        with torch.cuda.device(logits.device):
            _core.cuda_token_logprob_backward(
                logits.data_ptr(), type_name(logits.dtype), token.data_ptr(), grad_logp.data_ptr(),
                grad_entropy.data_ptr(), entropy.data_ptr(), stats.data_ptr(), grad.data_ptr(), type_name(grad.dtype),
                logits.shape[0], logits.shape[1], logits.stride(0), grad.stride(0), temperature, stream())
    else:
        from crossthink.kernels import token_logprob

        token_logprob.backward(logits, token, grads, saved, grad, temperature)


def over(logits: Tensor, dtype: torch.dtype) -> Tensor:
    """A [T, V] tensor of a dtype no wider than the logits', whose rows begin where theirs do."""
    return logits if dtype == logits.dtype else logits.view(dtype)[:, :logits.shape[1]]


def scale(backend: str, x: Tensor, by: Tensor) -> None:
    """x (contiguous) *= by ([] fp32); on a device nothing is read or written where `by` is 1."""
    if not x.is_cuda:
        x.mul_(by)
        return
    if backend == "cuda":
        with torch.cuda.device(x.device):
            _core.cuda_scale(x.data_ptr(), type_name(x.dtype), by.data_ptr(), x.numel(), stream())
    else:
        from crossthink.kernels import scale as kernel

        kernel.scale(x, by)
    torch.autograd.graph.increment_version(x)  # as torch's own do in place


def row_results(logits: Tensor) -> Rows:
    """Empty log-prob, entropy and statistics for rows of logits."""
    rows = logits.shape[0]
    return (logits.new_empty(rows, dtype=torch.float32), logits.new_empty(rows, dtype=torch.float32),
            logits.new_empty((rows, 2), dtype=torch.float32))
