"""The fault engine from a script: exit codes, JSON, and a watchdog that puts back what nobody waits for."""

from __future__ import annotations

from console.faults.catalogue import KINDS
from console.session import gamemaster

from .bed import Bed, rows, steps, watchdog
from .shell import Shell


async def test_injected_and_left_to_the_watchdog(bed: Bed, shell: Shell) -> None:
    """`inject` leaves; at its end the watchdog puts it back with no console anywhere (S2-91)."""
    picture = await bed.picture("tikv1")
    done = await shell.run("inject", "pause", "tikv1", *shell.here, "--duration", "6", "--json")
    assert done.code == 0, done.err
    assert (done.data["kind"], done.data["target"], done.data["state"]) == ("pause", "tikv1", "verified")
    assert done.data["containers"] == [bed.name("tikv1")]
    assert (await bed.inspect("tikv1"))["State"]["Paused"]
    listed = await shell.run("injections", "--json")
    assert (listed.code, [i["id"] for i in listed.data]) == (0, [done.data["id"]])
    assert watchdog(shell.database) is not None

    async def back() -> bool:
        return rows(shell.database)[done.data["id"]] == "reverted"

    await bed.until(back, "the watchdog", 30)
    assert await bed.picture("tikv1") == picture
    assert steps(shell.database, done.data["id"])[-2:] == ["reverting", "reverted"]
    gone = await shell.run("injections")
    assert (gone.code, gone.out.strip()) == (0, "nothing is injected")
    audit = await shell.run("audit", "verify", "--json")
    assert (audit.code, audit.data["intact"]) == (0, True)


async def test_revert_and_arm(bed: Bed, shell: Shell) -> None:
    """`revert` puts back and disarms; `arm` with a reason lets `inject` in again; each says so by its exit code."""
    picture = await bed.picture("pd1")
    done = await shell.run("inject", "stop", "pd1", *shell.here, "--param", "grace=5", "--json")
    assert done.code == 0, done.err
    assert (await bed.inspect("pd1"))["State"]["Status"] == "exited"
    status = await shell.run("status", *shell.here, "--json")
    assert status.code == 1
    assert [i["id"] for i in status.data["injections"]] == [done.data["id"]]
    again = await shell.run("inject", "kill", "pd1", *shell.here)
    assert (again.code, "CONFLICT" in again.err) == (3, True)
    back = await shell.run("revert", "--json")
    assert (back.code, [r["outcome"] for r in back.data]) == (0, ["COMPLETE"])
    assert await bed.picture("pd1") == picture
    refused = await shell.run("inject", "pause", "tikv1", *shell.here)
    assert (refused.code, "DISARMED" in refused.err) == (3, True)
    assert (await shell.run("arm", " ")).code == 2
    assert (await shell.run("arm", "seen to")).code == 0
    assert (await shell.run("arm", "seen to")).out.strip() == "nothing was disarmed"
    dry = await shell.run("inject", "pause", "tikv1", *shell.here, "--dry-run", "--json")
    assert (dry.code, dry.data["refused"], dry.data["targets"]) == (0, None, [bed.name("tikv1")])
    nothing = await shell.run("revert")
    assert (nothing.code, nothing.out.strip()) == (0, "nothing is injected")


async def test_looking(bed: Bed, shell: Shell) -> None:
    """`faults` and `status` on a cluster that is well."""
    faults = await shell.run("faults", *shell.here, "--json")
    assert faults.code == 0, faults.err
    assert {f["kind"] for f in faults.data} == {*KINDS, gamemaster.SPEC.kind}
    assert all(f["available"] or f["reason"] for f in faults.data)
    status = await shell.run("status", *shell.here, "--json")
    assert (status.code, status.data["level"]) == (0, "GREEN"), status.out
    assert sorted(status.data["stores"]) == ["tikv0", "tikv1", "tikv2"]
    assert {s["pd"] for s in status.data["stores"].values()} == {"Up"}
    members = (await shell.run("status", *shell.here)).out
    assert "pd0" in members
    assert "tikv2" in members


async def test_usage_and_absence(bed: Bed, shell: Shell) -> None:
    """One clear line and the right code: 2 for what was asked wrongly, 3 for a rule, 5 for what is not there."""
    asked = [
        (2, "UNKNOWN_KIND", ["inject", "meltdown", "tikv1", *shell.here]),
        (2, "BAD_PARAMETER", ["inject", "stop", "tikv1", *shell.here, "--param", "grace=99"]),
        (2, "grace", ["inject", "stop", "tikv1", *shell.here, "--param", "grace"]),
        (2, "BAD_DURATION", ["inject", "kill", "tikv1", *shell.here, "--duration", "601"]),
        (2, "nothing", ["revert", "nothing"]),
        (3, "WRONG_TARGET", ["inject", "client-paused", "tikv1", *shell.here]),
        (3, "NO_TARGET", ["inject", "kill", "tikv9", *shell.here]),
        (5, "cannot be reached", ["inject", "kill", "tikv1", "--docker-host", "unix:///nowhere.sock"]),
        (5, "no Compose project", ["status", "--project", "nobody", "--docker-host", bed.docker_host]),
    ]
    began = await bed.now()
    for code, word, words in asked:
        said = await shell.run(*words)
        assert (said.code, word in said.err) == (code, True), (words, said)
        assert said.err.strip().count("\n") == 0
    assert await bed.changes(began) == []


async def test_what_cannot_be_put_back(bed: Bed, shell: Shell) -> None:
    """A network somebody removed meanwhile: exit code 4, and the injection stays on the list."""
    second = await bed.second_network()
    await bed.docker("network", "connect", second, bed.name("tikv1"))
    assert (await shell.run("inject", "partition", "tikv1", *shell.here)).code == 0
    await bed.lose_network(second)
    back = await shell.run("revert", "--json")
    assert (back.code, [r["outcome"] for r in back.data]) == (4, ["FAILED"])
    listed = await shell.run("injections", "--json")
    assert [i["state"] for i in listed.data] == ["failed"]
