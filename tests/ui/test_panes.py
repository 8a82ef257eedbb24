"""What the panes say, state by state."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from console.model.cluster import Cluster
from console.model.diagnosis import DiagnosisStatus
from console.ui.lines import plain
from console.ui.load import Load, load_state
from console.ui.panes.diagnosis import contradiction, deciding
from console.ui.panes.timer import elapsed, headline, lanes

from . import fakes, happenings
from .driving import driving
from .parts import FAULT_AT, NOW


async def shown(view: object, selector: str, size: tuple[int, int] = (120, 40)) -> str:
    async with driving(view=view, size=size) as d:  # type: ignore[arg-type]
        return d.text(selector)


async def test_topology_says_what_every_vantage_point_says() -> None:
    text = await shown(fakes.diagnosed(), "#topology", (200, 60))
    row = next(r for r in text.splitlines() if "tikv1 " in r)
    for word in ("✖", "◆", "disconnected", "exited 137", "refused 21s", "35s"):
        assert word in row
    leader = next(r for r in text.splitlines() if "● pd0" in r)
    assert "leader" in leader
    assert "2 of 2" in leader
    assert "regions 36" in text
    assert "down 36" in text


async def test_rows_never_jump_whatever_order_the_answers_had() -> None:
    view = fakes.crowded(12)
    shuffled = replace(view, seq=99, cluster=replace(view.cluster, stores=dict(reversed(view.cluster.stores.items()))))
    one, two = [await shown(v, "#topology", (200, 60)) for v in (view, shuffled)]
    assert one == two
    names = re.findall(r"● (tikv\d+)", one)
    assert names == sorted(names, key=lambda n: int(n[4:]))  # tikv2 before tikv10


async def test_thirty_stores_scroll_and_keep_the_cursor() -> None:
    async with driving(view=fakes.crowded(30)) as d:
        pane = d.app.current.query_one("#topology")
        await d.press("G")
        assert "tikv29" in d.text("#topology") or "ycsb" in d.text("#topology")
        before = pane.cursor  # type: ignore[attr-defined]
        await d.show(replace(fakes.crowded(30), seq=77, now=NOW + 1))
        assert pane.cursor == before  # type: ignore[attr-defined]


async def test_stale_sources_are_named_with_age_and_error_and_their_words_fade() -> None:
    async with driving(view=fakes.blind()) as d:
        text = d.text("#topology")
        assert "docker stale 14s" in text
        assert "connection refused" in text
        row = next(r for r in d.app.current.query_one("#topology").rows_shown if "tikv0" in plain(r))  # type: ignore[attr-defined]
        assert ("running", "faint") in row


async def test_nothing_yet_says_what_will_be_there() -> None:
    text = await shown(fakes.starting(), "#topology")
    assert "PD members and stores appear here" in text
    assert "the first answer of PD" in text


@pytest.mark.parametrize(
    ("view", "state", "says"),
    [
        (fakes.view(), Load.FLOWS, "ops/s"),
        (fakes.zero_ops(), Load.ZERO, "nothing gets through"),
        (fakes.silent_client(), Load.SILENT, "no new lines for"),
        (fakes.view(load_on=False), Load.OFF, "load is off"),
        (fakes.view(cluster=Cluster(), load_on=None), Load.UNKNOWN, "no load has been seen"),
    ],
)
async def test_silent_zero_and_no_load_are_told_apart(view: fakes.View, state: Load, says: str) -> None:
    assert load_state(view) is state
    assert says in await shown(view, "#throughput", (160, 48))


async def test_p99_says_that_it_is_since_the_start() -> None:
    for size in ((80, 24), (120, 40), (200, 60)):
        assert "p99 since start 3.1 ms" in await shown(fakes.view(), "#throughput", size)


async def test_faults_show_time_left_and_why_a_kind_cannot_work() -> None:
    text = await shown(fakes.detected(), "#faults", (120, 60))
    assert "◆ tikv1  kill  verified" in text
    assert "04:48 left" in text
    assert "12s in" in text
    assert "✖ no sch_netem in this kernel" in text
    assert "13 of 16 work here" in text


async def test_a_revert_that_failed_is_not_shown_as_running_out() -> None:
    text = await shown(fakes.stuck(), "#faults")
    assert "REVERT FAILED" in text
    assert "no such container" in text
    assert "left" not in text.split("process")[0]


async def test_the_timer_has_a_lane_for_everybody() -> None:
    text = await shown(fakes.detected(), "#timer")
    for who, when in (("docker", "0.3 s"), ("probe", "0.6 s"), ("workload", "2.1 s"), ("pd", "waiting")):
        assert any(who in r and when in r for r in text.splitlines()), who
    assert "call +0.4 s" in text
    assert "PD has noticed nothing, 00:11 ahead" in text


async def test_a_stopped_timer_says_who_never_saw_it() -> None:
    timer = replace(fakes.detected().timer, running=False, recovered=FAULT_AT + 40)  # type: ignore[type-var]
    text = await shown(replace(fakes.detected(), timer=timer), "#timer", (160, 48))
    assert "not seen" in text
    assert "40.0 s" in text
    assert elapsed(timer, NOW + 1000) == pytest.approx(40)
    assert plain(headline(timer, NOW)) == "PD never noticed"


def test_lanes_are_times_since_zero() -> None:
    timer = fakes.diagnosed().timer
    assert timer is not None
    assert dict(lanes(timer))["pd"] == pytest.approx(17.2)
    assert plain(headline(timer, NOW)) == "seen 16.9 s before PD"


async def test_diagnosis_streams_then_ranks() -> None:
    async with driving(view=fakes.diagnosing(), size=(160, 60)) as d:
        assert "streaming" in d.text("#diagnosis")
        await d.show(fakes.diagnosed())
        text = d.text("#diagnosis")
        for word in ("kill tikv1", "0.93", "action", "docker start tikvlab-tikv1-1", "never run by", "risks"):
            assert word in text, "what to do comes before why"
        await d.press("5", "G")
        text = d.text("#diagnosis")
        for word in ("− PD still says Up", "test docker inspect"):
            assert word in text


async def test_failure_is_one_clear_line() -> None:
    view = replace(
        fakes.diagnosed(),
        diagnosis=happenings.run(
            DiagnosisStatus.FAILED, text="", answer=None, error="rate limited, asked again in 20 s"
        ),
    )
    text = await shown(view, "#diagnosis")
    assert "failed" in text
    assert "✖ rate limited, asked again in 20 s" in text


async def test_a_contradiction_is_shown_with_the_test_that_decides() -> None:
    view = fakes.contradicting()
    other = contradiction(view)
    assert other is not None
    assert view.diagnosis is not None
    assert deciding(view.diagnosis, other) == "dmesg or State.OOMKilled"
    text = await shown(view, "#diagnosis", (160, 60))
    assert "CONTRADICTION" in text
    assert "claude-sonnet-5 says kill tikv1, rules says memory tikv1" in text
    assert "decide by dmesg or State.OOMKilled" in text
    agreeing = replace(view, earlier=(happenings.run(author="rules"),))
    assert contradiction(agreeing) is None


async def test_the_strip_shows_the_newest_events_last() -> None:
    text = await shown(fakes.detected(), "#strip")
    assert text.splitlines()[-1].strip().endswith("ops/s fell from 9,800 to 6,100")


async def test_every_summary_says_the_essential() -> None:
    async with driving(view=fakes.diagnosed(), size=(80, 24)) as d:
        await d.press("5")
        text = d.screen_text
        assert "2/3 stores up · pd0 leads" in text
        assert "6,100 ops/s" in text
        assert "◆ tikv1 kill 04:38 left" in text
        assert "seen by 4 of 4" in text


async def test_with_room_to_spare_the_kind_under_the_cursor_is_explained() -> None:
    async with driving(size=(160, 60)) as d:
        await d.press("3")
        assert "throughput falls, the probe hears it first" in d.text("#faults")
        assert "store, pd" in d.text("#faults")
        pane = d.app.current.query_one("#faults")
        while pane.cursor != "kind:latency":  # type: ignore[attr-defined]
            await d.press("j")
        assert "1 to 2000 ms, 100 by default" in d.text("#faults")


async def test_a_filter_looks_at_names_and_words_and_not_at_numbers() -> None:
    async with driving(view=fakes.crowded(20)) as d:
        pane = d.app.current.query_one("#topology")
        for wanted, shown_names in (("12", {"tikv12"}), ("leader", {"pd0"}), ("!tikv", {"pd0", "pd1", "pd2", "ycsb"})):
            d.app.current.set_filter(wanted)
            await d.rest()
            assert set(re.findall(r"● (\w+)", pane.text_shown)) == shown_names  # type: ignore[attr-defined]
        d.app.current.set_filter("nobody")
        await d.rest()
        assert "nothing passes the filter" in d.text("#topology")


async def test_nobody_looking_is_not_called_up() -> None:
    blind = fakes.blind()
    late = {n: replace(s, ok=False, last_ok=NOW - 30) for n, s in blind.cluster.sources.items()}
    view = replace(blind, cluster=replace(blind.cluster, sources=late))
    text = await shown(view, "#topology")
    assert "● tikv0" not in text
    assert "○ tikv0" in text


async def test_the_header_never_shows_the_load_of_a_silent_client() -> None:
    assert "load silent" in await shown(fakes.silent_client(), "Header")
    assert "load off" in await shown(fakes.view(load_on=False), "Header")


async def test_words_are_whole_at_odd_sizes_too() -> None:
    async with driving(size=(100, 30)) as d:
        for state in ("detected", "starting", "diagnosed", "healthy"):
            await d.show(fakes.STATES[state])
            for selector in ("#timer", "#diagnosis", "#topology", "Header"):
                cut = re.findall(r"\w+…", d.text(selector))
                assert cut == [], (state, selector)
