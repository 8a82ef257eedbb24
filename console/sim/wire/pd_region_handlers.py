"""Handlers of questions about regions."""

from __future__ import annotations

from . import pd_regions as regions
from .http import Answer, Asked, compact, not_found, pretty
from .pd_question import Question


def region(q: Question) -> Answer:
    """`/region/id/N`; an unknown region is 200 with id 0."""
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseUint: parsing "{q.part[0]}": invalid syntax', 400)
    region = q.world.raft.regions.get(int(q.part[0]))
    return compact(regions.region_view(q.world, region) if region else regions.NO_REGION)


def decoded(text: str, asked: Asked) -> bytes | None:
    """A key as given, in plain text or hexadecimal; None where it is neither."""
    if asked.one("format") != "hex":
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def region_by_key(q: Question) -> Answer:
    """`/region/key/K`."""
    key = decoded(q.part[0], q.asked)
    if key is None:
        return pretty("encoding/hex: invalid byte", 400)
    region = regions.by_key(q.world, key)
    return compact(regions.region_view(q.world, region) if region else regions.NO_REGION)


def scan(q: Question) -> Answer:
    """`/regions/key?key=&end_key=&limit=`."""
    key, end = decoded(q.asked.one("key"), q.asked), decoded(q.asked.one("end_key"), q.asked)
    limit = q.asked.one("limit", str(regions.DEFAULT_LIMIT))
    if key is None or end is None:
        return pretty("encoding/hex: invalid byte", 400)
    if not limit.lstrip("-").isdigit():
        return pretty(f'strconv.Atoi: parsing "{limit}": invalid syntax', 400)
    return compact(regions.regions_view(q.world, regions.scan(q.world, key, end, int(limit))))


def of_store(q: Question) -> Answer:
    """`/regions/store/N?type=`; no limit is honoured."""
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseInt: parsing "{q.part[0]}": invalid syntax', 400)
    kind = q.asked.one("type")
    found = regions.of_store(q.world, int(q.part[0]), kind)
    if found is None:
        return pretty(f"unknown region type: {kind}", 400)
    return compact(regions.regions_view(q.world, found))


def all_regions(q: Question) -> Answer:
    """`/regions`; no limit is honoured."""
    rows = list(q.world.raft.regions.values())
    q.chance.shuffle(rows)
    return compact(regions.regions_view(q.world, rows))


def check(q: Question) -> Answer:
    """`/regions/check/<kind>`."""
    if q.part[0] == "hist-size":
        return pretty(regions.hist_size(q.world))
    found = q.world.pd.stores.check(q.part[0])
    return not_found() if found is None else compact(regions.regions_view(q.world, found))


def top(q: Question) -> Answer:
    """`/regions/{writeflow,readflow,size,...}?limit=`."""
    limit = q.asked.one("limit", str(regions.DEFAULT_LIMIT))
    if not limit.lstrip("-").isdigit():
        return pretty(f'strconv.Atoi: parsing "{limit}": invalid syntax', 400)
    return compact(regions.regions_view(q.world, regions.top(q.world, q.part[0], int(limit))))
