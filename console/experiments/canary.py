"""Canary records: written before the fault, read after it, compared by checksum.

They go through the real store protocol: `go-ycsb shell` inside the load generator's own container, so that no client of
ours is needed and what is tested is what the workload uses.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field

from console.faults.lab import Lab
from console.model.names import Role
from console.observe.engine import ContainerFacts, EngineError

RECORDS = 8
_FLAG = re.compile(r"-p\s+(tikv\.(?:pd|type)=\S+)|--?p=(tikv\.(?:pd|type)=\S+)")


@dataclass
class Canary:
    """Keys and values of one run; values are checksums of the keys, so that nothing but the key need be kept."""

    run: str = field(default_factory=lambda: uuid.uuid4().hex[:10])

    def records(self) -> dict[str, str]:
        """What is written."""
        keys = [f"chaos-console-{self.run}-{n}" for n in range(RECORDS)]
        return {key: hashlib.sha256(key.encode()).hexdigest()[:24] for key in keys}

    async def write(self, lab: Lab) -> str:
        """Empty where all records were written and read back, else why not."""
        try:
            box, base = await _client(lab)
            if box is None:
                return base
            said = await _shell(lab, box, base, [f"insert {k} field0={v}" for k, v in self.records().items()])
            if " failed " in said:
                return f"the canary could not be written: {_last(said)}"
            ok, why = await self.read(lab)
            return "" if ok else f"the canary could not be written: {why}"
        except EngineError as error:
            return f"the canary could not be written: {error}"

    async def read(self, lab: Lab) -> tuple[bool | None, str]:
        """Whether every record is as it was written, and a sentence; None where it cannot be asked."""
        try:
            box, base = await _client(lab)
            if box is None:
                return None, base
            said = await _shell(lab, box, base, [f"read {k} field0" for k in self.records()])
        except EngineError as error:
            return None, f"the canary could not be read: {error}"
        found = sum(value in said for value in self.records().values())
        if found == RECORDS:
            return True, f"{RECORDS} canary records read back through the store protocol, checksums as written"
        return False, f"{RECORDS - found} of {RECORDS} canary records are missing or changed: {_last(said)}"

    async def remove(self, lab: Lab) -> None:
        """Take them away; what cannot be is left, under names of our own."""
        try:
            box, base = await _client(lab)
            if box is not None:
                await _shell(lab, box, base, [f"delete {k}" for k in self.records()])
        except EngineError:
            return


async def _client(lab: Lab) -> tuple[ContainerFacts | None, str]:
    """The load generator, and how its client reaches the cluster; or why there is none."""
    boxes = [c for c in await lab.containers() if c.role is Role.LOAD and c.running and not c.paused]
    if not boxes:
        return None, "no load generator runs, and it is its client that canary records go through"
    config = (await lab.engine.inspect(boxes[0].id)).get("Config") or {}
    words = [str(w) for w in (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))]
    flags = [w for w in words if w.startswith(("tikv.pd=", "tikv.type="))]
    flags += [a or b for a, b in _FLAG.findall(" ".join(words))]
    if not any(f.startswith("tikv.pd=") for f in flags):
        return None, "the load generator's command line does not say where PD is"
    # The shell splits its properties at commas: one member is enough, it names the others.
    firsts = (f.partition(",")[0] for f in flags)
    unique = dict.fromkeys(f for f in firsts if re.fullmatch(r"[\w.=:/-]+", f))
    return boxes[0], " ".join(f"-p {f}" for f in unique)


async def _shell(lab: Lab, box: ContainerFacts, base: str, lines: list[str]) -> str:
    """Run lines in `go-ycsb shell`. Keys and values are our own: letters, digits, dashes."""
    script = "".join(f"{line}\\n" for line in lines)
    command = f"PATH=$PATH:/; printf '{script}' | go-ycsb shell tikv {base} 2>&1"
    code, output = await lab.engine.execute(box.id, ["sh", "-c", command])
    if code in (126, 127):
        raise EngineError(f"no shell or no go-ycsb in {box.service}: {_last(output)}")
    return output


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no word"
