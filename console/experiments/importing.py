"""Taking over somebody else's Chaos Toolkit experiment: its fields stay, our block is added for a human to complete."""

from __future__ import annotations

from typing import Any

from .checking import EXTENSION, REQUIRED
from .reading import Document

TODO = "FILL IN"


def adopted(document: Document) -> str:
    """The file as YAML, with our block. Fields that cannot be guessed say so, and `validate` names each of them."""
    import yaml

    data: dict[str, Any] = dict(document.data)
    blocks = [b for b in data.get("extensions") or [] if isinstance(b, dict)]
    if not any(b.get("name") == EXTENSION for b in blocks):
        blocks.append({"name": EXTENSION, "version": 1, **_guessed(data)})
    data["extensions"] = blocks
    data.setdefault("runtime", {}).setdefault("rollbacks", {"strategy": "always"})
    notes = "".join(f"#   {name}: {what}\n" for name, what in REQUIRED.items())
    head = f"# Complete the block {EXTENSION} under extensions:\n{notes}"
    return head + str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))


def _guessed(data: dict[str, Any]) -> dict[str, Any]:
    rollbacks = [str(a.get("name")) for a in data.get("rollbacks") or [] if isinstance(a, dict)]
    hypothesis = data.get("steady-state-hypothesis")
    title = hypothesis.get("title") if isinstance(hypothesis, dict) else None
    return {
        "experiment_type": TODO,
        "target_component": TODO,
        "hypothesis": f"{TODO} ({title})" if title else TODO,
        "environment": TODO,
        "blast_radius": {"max_targets": 1},
        "duration": 60,
        "rollback_plan": rollbacks or [TODO],
    }
