"""What the stand-in model says: an object of whatever JSON schema was asked for, filled from words in the prompt.

It has no idea of the cluster: it names the first component and fault whose words the prompt contains. Good enough to
test how answers are streamed, shown and scored, and of no use as a diagnosis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NARRATIVE = (
    "{component} stopped answering {when}: its status port and the workload noticed first [E1], PD followed when its "
    "heartbeat had aged [E2]. The others answer, so the cause lies with {component} itself and not with the network "
    "between observer and cluster."
)
MAX_DEPTH = 6
_COMPONENT = re.compile(r"\b(?:pd|tikv)\d+\b|\bycsb\b")
_TEXTS = {
    "test": "connect to its port: refused means the process is gone, silence means it is frozen",
    "recommended_action": "Start {component} again and watch its regions return.",
    "action": "Start {component} again and watch its regions return.",
}


def fill(schema: Any, prompt: str) -> Any:
    """An instance of the schema: required properties in order, enums by the first value the prompt mentions."""
    match = _COMPONENT.search(prompt)
    return _fill(schema, "", prompt, match[0] if match else "tikv1", 0)


def _fill(schema: Any, name: str, prompt: str, component: str, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return ""
    if "enum" in schema and isinstance(schema["enum"], list) and schema["enum"]:
        return _choice(schema["enum"], prompt)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        fields = schema.get("required") or list(properties)
        return {f: _fill(properties.get(f, {}), str(f), prompt, component, depth + 1) for f in fields}
    if kind == "array":
        return [_fill(schema.get("items", {}), name, prompt, component, depth + 1)]
    if kind in ("number", "integer"):
        return 0.9 if kind == "number" else 1
    if kind == "boolean":
        return True
    return _text(name, component)


def _choice(values: list[Any], prompt: str) -> Any:
    """The first value whose text the prompt contains, else the first."""
    lowered = prompt.lower()
    return next((v for v in values if isinstance(v, str) and re.search(rf"\b{re.escape(v)}\b", lowered)), values[0])


def _text(name: str, component: str) -> str:
    if name == "narrative":
        return NARRATIVE.format(component=component, when="a moment after the incident began")
    if name in ("component", "location", "affected_components"):
        return component
    if name in ("supporting", "for", "evidence", "supporting_evidence"):
        return "E1"
    if name in ("contradicting", "against"):
        return "E2"
    if "command" in name:
        return f"docker inspect {component}"
    return _TEXTS.get(name, f"{name or 'text'} of {component}").format(component=component)
