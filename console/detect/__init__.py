"""Detectors, one per vantage point and concern, and their fusion into incidents. Blind: observations only."""

from .blind import data_plane
from .detection import Detection

__all__ = ["Detection", "data_plane"]
