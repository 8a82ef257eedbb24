"""go-ycsb's keys, and the region boundaries that spread them evenly over stores."""

from __future__ import annotations

_OFFSET = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1
SAMPLE = 2_000


def hashed(number: int) -> int:
    """FNV-1a of the number's eight big-endian bytes, as a positive signed 64-bit number (guides/tikv.md 4.5)."""
    value = _OFFSET
    for byte in number.to_bytes(8, "big"):
        value = ((value ^ byte) * _PRIME) & _MASK
    return abs(value - (1 << 64) if value >= 1 << 63 else value)


def key_of(number: int) -> str:
    """The key of record `number` in table usertable with prefix user, hashed insert order."""
    return f"usertable:user{hashed(number)}"


def boundaries(records: int, regions: int) -> list[bytes]:
    """`regions` - 1 split keys at the quantiles of the records' keys: cut shortest that still tells them apart."""
    if regions <= 1:
        return []
    count = max(1, min(records, SAMPLE))
    step = max(1, records // count)
    keys = sorted(key_of(i) for i in range(0, step * count, step))
    if len(keys) < regions:  # more regions than sampled keys: split the number range evenly instead
        return [f"usertable:user{i * 10**18 // regions:018d}".encode() for i in range(1, regions)]
    cuts = []
    for i in range(1, regions):
        at = i * len(keys) // regions
        cuts.append(_between(keys[at - 1], keys[at]).encode())
    return cuts


def _between(left: str, right: str) -> str:
    """The shortest prefix of `right` that is greater than `left`."""
    for length in range(1, len(right) + 1):
        if right[:length] > left:
            return right[:length]
    return right
