"""What "auto" means where a recipe names a dtype: bfloat16 where this machine multiplies it natively, else float32.

A CPU without such instructions is several times slower in bfloat16 than in float32.
"""

from typing import Literal

from crossthink.provenance import vector_extensions

Dtype = Literal["float32", "bfloat16"]


def native_dtype() -> Dtype:
    """The dtype of this machine's GPU, or of its CPU where there is none (or no torch to ask)."""
    native = _cuda_multiplies_bfloat16()
    if native is None:
        native = bool({"avx512_bf16", "amx_bf16"} & set(vector_extensions()))
    return "bfloat16" if native else "float32"


def _cuda_multiplies_bfloat16() -> bool | None:
    """None where there is no GPU."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.is_bf16_supported(including_emulation=False) if torch.cuda.is_available() else None
