"""`make bench`: what the console costs, beside a bare Textual app in the same run. A table, and bench.json.

Figures of a machine at a moment: compare columns of one run, not runs.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmark.kill_switch import kill_switch
from tests.benchmark.pty_probe import Watched

SIZE = (120, 40)
STARTS = 5
STRETCH_S = 10.0
KEYS = 15
SEED = "1"


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="chaos-bench-") as home:
        env = {"CHAOS_CONSOLE_HOME": home, "CHAOS_CONSOLE_CONFIG": f"{home}/none.toml", "PYTHONPATH": os.getcwd()}
        bare = [sys.executable, "-m", "tests.benchmark.bare_app"]
        console = [sys.executable, "-m", "console", "run", "--sim", "--seed", SEED]
        rows: dict[str, dict[str, Any]] = {"bare textual": _bare(bare, env), "console": _console(console, env)}
        rows["code"] = _code() | kill_switch()
    result = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "size": list(SIZE), "rows": rows}
    Path("bench.json").write_text(json.dumps(result, indent=2) + "\n")
    _print(result)
    return 0


def _starts(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    frames, cpu = [], []
    for _ in range(STARTS):
        app = Watched(command, *SIZE, env)
        frames.append(app.until_painted())
        cpu.append(app.cpu_ms())
        app.stop()
    return {"first frame ms": round(statistics.median(frames)), "CPU to first frame ms": round(statistics.median(cpu))}


def _bare(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    row = _starts(command, env)
    app = Watched(command, *SIZE, env)
    app.until_painted()
    app.read(2)
    rest = app.over(STRETCH_S)
    row |= {"rest CPU %": round(rest.cpu_pct, 2), "rest bytes/s": round(rest.bytes_per_s)}
    row |= _keys(app, [b"\x1b[B", b"\x1b[A"])
    row["memory MB"] = round(app.memory_mb())
    app.stop()
    return row


def _console(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    """The console with its embedded simulated cluster in the same process: both are in the figures."""
    row = _starts(command, env)
    app = Watched(command, *SIZE, env)
    app.until_painted()
    row["to a living cluster ms"] = round((time.perf_counter() - app.began) * 1000 + app.until_text("PD leader is"))
    app.read(8)
    rest = app.over(STRETCH_S)
    row |= {"rest CPU %": round(rest.cpu_pct, 2), "rest bytes/s": round(rest.bytes_per_s)}
    row |= _keys(app, [b"j", b"k"])
    app.send(b":")
    app.read(0.5)
    app.send(b"inject kill store-with-most-leaders\r")
    app.read(1.5)
    app.send(b"\r")
    app.until_text("FAULT LIVE")
    fault = app.over(STRETCH_S)
    row |= {"fault CPU %": round(fault.cpu_pct, 2), "fault bytes/s": round(fault.bytes_per_s)}
    row["kill key to paint ms"] = round(app.key(b"\x12"), 1)
    row["kill key to all verified ms"] = round(app.until_text("COMPLETE"))
    row["memory MB"] = round(app.memory_mb())
    app.stop()
    return row


def _keys(app: Watched, keys: list[bytes]) -> dict[str, Any]:
    times = sorted(app.key(keys[n % len(keys)]) for n in range(KEYS))
    return {"key to paint ms": round(statistics.median(times), 1), "key to paint p95 ms": round(times[-2], 1)}


def _code() -> dict[str, Any]:
    """One observation through fold, detectors and rules; and a fold with a thousand stores."""
    from console.cluster import fold
    from console.diagnose.watch import Watch
    from console.model.cluster import Cluster
    from console.model.observation import Observation
    from console.observe.record import read

    observations = read(Path("tests/records/kill_store_leader.jsonl.gz")).observations
    watch = Watch(sparse=True)
    each = _timed(lambda: [watch.feed(o) for o in observations]) / len(observations)
    rows = [
        {"id": n, "addr": f"tikv{n}:20160", "state": "Up", "last_heartbeat": 10**18, "leaders": 1000, "regions": 3000}
        for n in range(1000)
    ]
    answer = Observation(1.0, "pd0", "stores", {"status": 200, "body": rows})
    big = fold(Cluster(), answer)
    thousand = _timed(lambda: fold(big, answer))
    watch.feed(answer)
    looked = _timed(lambda: watch.feed(answer))
    return {
        "one observation us": round(each * 1e6),
        "1,000 stores folded ms": round(thousand * 1e3, 1),
        "1,000 stores folded and judged ms": round(looked * 1e3, 1),
    }


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _print(result: dict[str, Any]) -> None:
    rows = result["rows"]
    print(f"{result['machine']}, terminal {SIZE[0]}x{SIZE[1]}; figures of this run, to be compared with each other")
    names = list(dict.fromkeys(k for r in ("bare textual", "console") for k in rows[r]))
    print(f"{'':<32}{'bare textual':>14}{'console':>14}{'ratio':>9}")
    for name in names:
        bare, ours = rows["bare textual"].get(name), rows["console"].get(name)
        ratio = f"{ours / bare:.1f}x" if isinstance(bare, (int, float)) and bare > 0 and ours is not None else ""
        print(f"{name:<32}{'-' if bare is None else bare:>14}{'-' if ours is None else ours:>14}{ratio:>9}")
    for name, value in rows["code"].items():
        print(f"{name:<46}{value:>14}")


if __name__ == "__main__":
    sys.exit(main())
