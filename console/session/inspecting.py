"""An inspect answer for the details screen: the rows that matter first, then the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from console.model.text import clean, redact
from console.observe.engine import Endpoint, facts


def rows(inspected: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Label and value, in reading order."""
    f = facts(inspected, Endpoint("", ""))
    limits = ", ".join(f"{k} {v}" for k, v in f.limits.items() if v) or "none"
    networks = "; ".join(
        f"{name} {n.get('IPAddress') or '-'} ({', '.join(n.get('Aliases') or ()) or 'no alias'})"
        for name, n in f.networks.items()
    )
    shown = (
        ("container", f.name),
        ("id", f.id[:12]),
        ("image", f.image),
        ("state", f.said),
        ("started", f.started_at[:19]),
        ("restarts", f"{f.restart_count} (policy {f.restart_policy or 'no'})"),
        ("networks", networks or "none"),
        ("ports", ", ".join(f"{p} at {h}:{n}" for p, (h, n) in f.published.items()) or "none published"),
        ("limits", limits),
        ("labels", ", ".join(f"{k}={v}" for k, v in f.labels.items() if k.startswith("chaos-console.")) or "none"),
    )
    return tuple((k, redact(clean(v, 400))) for k, v in shown)


def text(inspected: Mapping[str, Any]) -> str:
    """The whole answer as indented JSON, without the environment: that is where secrets live."""
    kept = dict(inspected)
    config = kept.get("Config")
    if isinstance(config, Mapping):
        kept["Config"] = {k: v for k, v in config.items() if k != "Env"}
    return msgspec.json.format(msgspec.json.encode(kept, enc_hook=str)).decode()
