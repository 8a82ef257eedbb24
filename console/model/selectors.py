"""The forms in which targets are named, for those who resolve them and for those who only read what was typed."""

from __future__ import annotations

import re

from .fault import TargetKind
from .names import Role

ROLE_OF = {TargetKind.STORE: Role.STORE, TargetKind.PD: Role.PD, TargetKind.LOAD: Role.LOAD}

# Targets by what they are; which service that is, is found out at the moment of injection.
ROLES: dict[str, tuple[TargetKind, ...]] = {
    "pd-leader": (TargetKind.PD,),
    "pd-follower": (TargetKind.PD,),
    "store-with-most-leaders": (TargetKind.STORE,),
    "random": tuple(TargetKind),
    "n-1": (TargetKind.STORE, TargetKind.PD),
    "n-2": (TargetKind.STORE, TargetKind.PD),
    "all": (TargetKind.STORE, TargetKind.PD),
    "all-stores": (TargetKind.STORE,),
    "all-pd": (TargetKind.PD,),
    "majority": (TargetKind.PD,),
    "load": (TargetKind.LOAD,),
}
SEED = r"(?:@(?P<seed>\d+))?"
RANDOM = re.compile(rf"random(?::(?P<n>\d+))?{SEED}")
FEWER = re.compile(rf"[nN]-(?P<n>\d+){SEED}")
SHARE = re.compile(rf"(?P<share>\d+(?:\.\d+)?)\s*%{SEED}")
REGION = re.compile(r"(?P<which>stores?)-of-region:(?P<id>.*)")
LABEL = re.compile(r"(?P<key>[^=\s]+)\s*=\s*(?P<value>.*)")


def open_form(text: str) -> bool:
    """Whether it is a selector that any kind of target may answer to: chance, a share, a label, a region."""
    return any(form.fullmatch(text.strip()) for form in (RANDOM, FEWER, SHARE, REGION, LABEL))
