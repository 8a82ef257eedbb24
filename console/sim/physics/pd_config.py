"""PD's configuration: defaults of v8.5.5 (recordings/pd-api-samples), edits, and values that expire by themselves."""

from __future__ import annotations

import copy
import re
from typing import Any

Json = dict[str, Any]

# guides/tikv.md 1.3: only these may be set with ttlSecond.
TTL_KEYS = frozenset(
    {
        "schedule.max-snapshot-count",
        "schedule.max-pending-peer-count",
        "schedule.max-merge-region-size",
        "schedule.max-merge-region-keys",
        "schedule.leader-schedule-limit",
        "schedule.region-schedule-limit",
        "schedule.replica-schedule-limit",
        "schedule.merge-schedule-limit",
        "schedule.hot-region-schedule-limit",
        "schedule.scheduler-max-waiting-operator",
        "schedule.enable-location-replacement",
        "schedule.enable-tikv-split-region",
        "default-add-peer",
        "default-remove-peer",
    }
)

_SCHEDULE: Json = {
    "max-snapshot-count": 64,
    "max-pending-peer-count": 64,
    "max-merge-region-size": 54,
    "max-merge-region-keys": 540000,
    "split-merge-interval": "1h0m0s",
    "switch-witness-interval": "1h0m0s",
    "enable-one-way-merge": "false",
    "enable-cross-table-merge": "true",
    "patrol-region-interval": "10ms",
    "max-store-down-time": "30m0s",
    "max-store-preparing-time": "48h0m0s",
    "leader-schedule-limit": 4,
    "leader-schedule-policy": "count",
    "region-schedule-limit": 2048,
    "witness-schedule-limit": 4,
    "replica-schedule-limit": 64,
    "merge-schedule-limit": 8,
    "hot-region-schedule-limit": 4,
    "affinity-schedule-limit": 0,
    "hot-region-cache-hits-threshold": 3,
    "store-limit": {},
    "tolerant-size-ratio": 0,
    "low-space-ratio": 0.8,
    "high-space-ratio": 0.7,
    "region-score-formula-version": "v2",
    "scheduler-max-waiting-operator": 5,
    "enable-remove-down-replica": "true",
    "enable-replace-offline-replica": "true",
    "enable-make-up-replica": "true",
    "enable-remove-extra-replica": "true",
    "enable-location-replacement": "true",
    "enable-debug-metrics": "false",
    "enable-joint-consensus": "true",
    "enable-tikv-split-region": "true",
    "enable-heartbeat-breakdown-metrics": "true",
    "enable-heartbeat-concurrent-runner": "true",
    "slow-store-evicting-affected-store-ratio-threshold": 0.3,
    "store-limit-version": "v1",
    "enable-diagnostic": "true",
    "enable-witness": "false",
    "max-movable-hot-peer-size": 512,
    "halt-scheduling": "false",
}
_PD_SERVER: Json = {
    "use-region-storage": "true",
    "max-gap-reset-ts": "24h0m0s",
    "key-type": "table",
    "runtime-services": "",
    "metric-storage": "",
    "dashboard-address": "auto",
    "flow-round-by-digit": 3,
    "min-resolved-ts-persistence-interval": "1s",
    "server-memory-limit": 0,
    "server-memory-limit-gc-trigger": 0.7,
    "enable-gogc-tuner": "false",
    "gc-tuner-threshold": 0.6,
    "block-safe-point-v1": "false",
}
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")


class ConfigError(ValueError):
    """An edit PD refuses; the text is PD's answer (400)."""


def duration_s(text: str) -> float:
    """Seconds in a Go duration like `30m0s`. Raises ConfigError."""
    pieces = _PIECE.findall(text)
    if not pieces or "".join(n + u for n, u in pieces) != text:
        raise ConfigError(f'time: invalid duration "{text}"')
    return sum(float(n) * _UNIT_S[u] for n, u in pieces)


def go_duration(seconds: float) -> str:
    """Seconds as Go prints them: `30m0s`, `1h0m0s`, `5s`, `30.864s`, `10ms`."""
    if 0 < seconds < 1:
        return f"{round(seconds * 1e3, 6):g}ms"
    whole, rest = divmod(round(seconds, 9), 60)
    second = f"{rest:.9f}".rstrip("0").rstrip(".") or "0"
    minutes = int(whole)
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60}m{second}s"
    return f"{minutes}m{second}s" if minutes else f"{second}s"


class PdConfig:
    """The cluster-wide part of PD's configuration, shared by all members through etcd."""

    def __init__(self, replicas: int) -> None:
        self.parts: Json = {
            "schedule": copy.deepcopy(_SCHEDULE),
            "replication": {
                "max-replicas": replicas,
                "location-labels": "",
                "strictly-match-label": "false",
                "enable-placement-rules": "true",
                "enable-placement-rules-cache": "false",
                "isolation-level": "",
            },
            "pd-server": copy.deepcopy(_PD_SERVER),
            "cluster-version": "8.5.5",
            "replication-mode": {"replication-mode": "majority"},
        }
        self.rule_count = replicas
        self._ttl: dict[str, tuple[Any, float]] = {}  # key -> value, moment it ends

    # -- reading ---------------------------------------------------------------------------------------------------

    def number(self, key: str, now: float) -> float:
        """A number of the schedule part in force now, expiring values first."""
        value = self._value(key, now)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0

    def flag(self, key: str, now: float) -> bool:
        """A switch of the schedule part in force now."""
        return str(self._value(key, now)).lower() == "true"

    def _value(self, key: str, now: float) -> Any:
        held = self._ttl.get(f"schedule.{key}")
        if held is not None and held[1] > now:
            return held[0]
        return self.parts["schedule"].get(key)

    @property
    def down_after_s(self) -> float:
        """max-store-down-time in seconds; there is no lower bound."""
        try:
            return duration_s(str(self.parts["schedule"]["max-store-down-time"]))
        except ConfigError:
            return 1800.0

    # -- editing ---------------------------------------------------------------------------------------------------

    def edit(self, changes: Json) -> None:
        """`POST /config`: dotted keys, bare keys, or nested parts. All or nothing; raises ConfigError."""
        draft = copy.deepcopy(self.parts)
        for key, value in changes.items():
            part, name = self._place(key)
            if name is None:
                if not isinstance(value, dict):
                    raise ConfigError(f"cannot update config prefix {key}")
                for inner, inner_value in value.items():
                    self._assign(draft, part, inner, inner_value)
            else:
                self._assign(draft, part, name, value)
        self.parts = draft

    def edit_for(self, changes: Json, seconds: float, now: float) -> None:
        """`POST /config?ttlSecond=`: values in force for a while, not shown in `/config`. Raises ConfigError."""
        for key in changes:
            if key not in TTL_KEYS:
                raise ConfigError(f"unsupported ttl config {key}")
        for key, value in changes.items():
            if seconds <= 0:
                self._ttl.pop(key, None)
            else:
                self._ttl[key] = (value, now + seconds)

    def _place(self, key: str) -> tuple[str, str | None]:
        head, _, rest = key.partition(".")
        head = {"replicate": "replication"}.get(head, head)
        if rest:
            return head, rest
        if isinstance(self.parts.get(head), dict):
            return head, None
        for part in ("schedule", "replication", "pd-server"):
            if key in self.parts[part]:
                return part, key
        raise ConfigError(f"config item {key} not found")

    @staticmethod
    def _assign(draft: Json, part: str, name: str, value: Any) -> None:
        section = draft.get(part)
        if not isinstance(section, dict) or name not in section:
            raise ConfigError(f"config item {name} not found")
        old = section[name]
        section[name] = _like(old, value, name)


def _like(old: Any, value: Any, name: str) -> Any:
    """The value in the form PD keeps it: switches as strings, durations as Go writes them."""
    if isinstance(old, str) and old in ("true", "false"):
        if isinstance(value, bool):
            return "true" if value else "false"
        if str(value) in ("true", "false"):
            return str(value)
        raise ConfigError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    if isinstance(old, str) and _PIECE.match(old) and isinstance(value, str):
        return go_duration(duration_s(value))
    if isinstance(old, (int, float)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(
                f"json: cannot unmarshal {type(value).__name__} into Go struct field .{name} of type uint64"
            )
        return value
    if isinstance(old, dict) and not isinstance(value, dict):
        raise ConfigError(f"json: cannot unmarshal {type(value).__name__} into Go struct field .{name}")
    return value
