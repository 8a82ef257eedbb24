"""The Chaos Toolkit extension: the console's faults and probes for `chaos run`, through the same guard and journal.

Activities call the console's own command line, each in a process of its own: what `chaos run` injects the guard has let
through, is in the journal, and is put back by the watchdog when `chaos` is killed.
"""

from __future__ import annotations

from typing import Any

__all__ = ["discover"]


def discover(discover_system: bool = True) -> Any:
    """What `chaos discover console.experiments.chaostoolkit --no-install` shows."""
    del discover_system
    from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result

    from console import __version__

    found = initialize_discovery_result("chaos-console", __version__, "tikv")
    found["activities"].extend(discover_actions("console.experiments.chaostoolkit.actions"))
    found["activities"].extend(discover_probes("console.experiments.chaostoolkit.probes"))
    return found
