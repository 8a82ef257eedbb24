"""Chaos Console: break a TiKV cluster on purpose, see it first, explain it, put it back."""

__version__ = "0.1.0"
