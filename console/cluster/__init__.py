"""The pure fold: observations in, one Cluster out. No I/O, no clock."""

from .fold import fold, replay

__all__ = ["fold", "replay"]
