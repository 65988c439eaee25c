"""The blend: which prompts the trainer draws, in which shares and order. Layer 2: no torch."""

from crossthink.blend.blend import Blend

__all__ = ["Blend"]
