"""Dashboard: five panes and the event strip on one screen."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.layout import Layout
from textual.widget import Widget

from console.model.view import View
from console.ui.keys import Where, bindings
from console.ui.layout import PaneLayout, Wish, strip_height, wide
from console.ui.panes.base import Pane
from console.ui.panes.diagnosis import DiagnosisView
from console.ui.panes.faults import Faults
from console.ui.panes.strip import Strip
from console.ui.panes.throughput import Throughput
from console.ui.panes.timer import DetectionTimer
from console.ui.panes.topology import Topology
from console.ui.screens.base import ConsoleScreen
from console.ui.widgets.listing import Listing

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Panes(Widget):
    """The box the five panes are arranged in."""

    def __init__(self, arrangement: Layout, *panes: Pane) -> None:
        super().__init__(*panes)
        self._arrangement = arrangement

    @property
    def layout(self) -> Layout:
        """Our own arrangement in place of the ones style sheets can name."""
        return self._arrangement


class Dashboard(ConsoleScreen, inherit_bindings=False):
    """Where everything is seen and from where everything is done."""

    # replay and demo come first: their keys mean something else while there is no record and no chapter
    BINDINGS = [
        *bindings(Where.DEMO),
        *bindings(Where.REPLAY),
        *bindings(Where.DASHBOARD),
        *bindings(Where.SCREEN),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0  # the pane that is open in the accordion, and that had the focus last
        self.zoomed = False

    # composing

    def body(self) -> ComposeResult:
        self.topology = Topology(id="topology")
        self.panes: tuple[Pane, ...] = (
            self.topology,
            Throughput(id="throughput"),
            Faults(id="faults"),
            DetectionTimer(self.console.clock, id="timer"),
            DiagnosisView(id="diagnosis"),
        )
        for pane in self.panes:
            pane.data_bind(ConsoleScreen.view)
        yield Panes(PaneLayout(self.wish), *self.panes)
        yield Strip(id="strip").data_bind(ConsoleScreen.view)

    def ready(self) -> None:
        self.panes[self.opened].focus()

    def wish(self) -> Wish:
        """What the arrangement depends on."""
        return Wish(self.opened, self.zoomed, self.topology.wish())

    def on_resize(self, event: events.Resize) -> None:
        self.query_one(Strip).styles.height = strip_height(event.size.height)

    def watch_view(self, old: View, new: View) -> None:
        super().watch_view(old, new)
        grown = (len(old.cluster.stores), len(old.cluster.members), len(old.cluster.containers))
        if grown != (len(new.cluster.stores), len(new.cluster.members), len(new.cluster.containers)):
            self.call_after_refresh(self.arrange_again)

    def arrange_again(self) -> None:
        """Lay the panes out anew: asked for by a child, because that is what makes its parent arrange again."""
        self.topology.refresh(layout=True)

    # where we are

    @property
    def pane(self) -> Pane:
        """The pane that has the focus, or had it last."""
        return self.panes[self.opened]

    @property
    def target(self) -> str:
        """The service selected in the topology."""
        return self.topology.cursor

    def places(self) -> tuple[Where, ...]:
        own = {0: Where.TOPOLOGY, 2: Where.FAULTS, 4: Where.DIAGNOSIS}.get(self.opened)
        return (
            *((Where.DEMO,) if self.view.chapter is not None else ()),
            *((Where.REPLAY,) if self.view.playback is not None else ()),
            *((own,) if own is not None else ()),
            Where.DASHBOARD,
            Where.SCREEN,
            Where.LIST,
        )

    def on_descendant_focus(self) -> None:
        focused = self.focused
        if isinstance(focused, Pane):
            at = self.panes.index(focused)
            if at != self.opened:
                self.opened = at
                self.arrange_again()
            if self.overlay is not None:  # a click beside a dialog closes it
                self.close_overlay()

    # filter

    def filtered(self) -> str:
        return self.pane.wanted if self._filters_pane else self.query_one(Strip).wanted

    @property
    def _filters_pane(self) -> bool:
        return isinstance(self.pane, (Topology, Faults))

    def set_filter(self, wanted: str) -> None:
        """Topology and Faults filter their own rows; from the other panes the strip is filtered."""
        if isinstance(self.pane, (Topology, Faults)):
            self.pane.set_filter(wanted)
        else:
            self.query_one(Strip).set_filter(wanted)

    def go_back(self) -> None:
        """Clear a filter, then close the zoom; there is nothing behind the dashboard."""
        if self.filtered():
            self.set_filter("")
        elif self.zoomed:
            self.action_zoom()

    # what panes post

    @on(Listing.Chosen)
    async def _chosen(self, message: Listing.Chosen) -> None:
        message.stop()
        pane = message.listing
        if isinstance(pane, Topology):
            self.console.details(message.key)
        elif isinstance(pane, Faults):
            await self._fault_chosen(pane)

    async def _fault_chosen(self, pane: Faults) -> None:
        injection = next((i for i in self.view.active if i.id == pane.injection), None)
        if injection is not None:
            self.console.details(injection.targets[0].service if injection.targets else injection.component)
        elif pane.kind and self.console.read_only:
            self.console.say(self.console.read_only_line, "warn")
        elif pane.kind:
            await self.action_inject()

    @on(Listing.Moved)
    def _moved(self, message: Listing.Moved) -> None:
        message.stop()

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _REPLAY_ACTIONS:
            return self.view.playback is not None
        if action == "retry":
            return bool(self.console.failure)
        if action in ("next", "abort"):
            return self.view.chapter is not None
        return super().check_action(action, parameters)

    async def action_inject(self) -> None:
        """On the selected target; from the catalogue: the selected kind."""
        from console.ui.overlays.inject import KindPicker, TargetPicker, fits
        from console.ui.overlays.preview import PreviewForm

        kind = self.pane.kind if isinstance(self.pane, Faults) else ""
        entry = next((e for e in self.view.faults if e.fault.kind == kind), None)
        if not self.console.connected:
            self.console.say("not connected yet", "warn")
        elif entry is not None and not entry.availability.ok:
            self.console.say(f"{kind} cannot work here: {entry.availability.reason}", "warn")
        elif entry is not None and fits(entry.fault, self.target):
            fault = entry.fault
            await self.open(PreviewForm(fault, self.target, back=lambda: TargetPicker(fault)))
        elif entry is not None:
            await self.open(TargetPicker(entry.fault))
        elif self.target:
            await self.open(KindPicker(self.target))
        else:
            self.console.say("no target yet: stores and PD members appear in the topology first", "warn")

    def action_pane(self, number: int) -> None:
        self.panes[number - 1].focus()

    def action_next_pane(self) -> None:
        self.panes[(self.opened + 1) % len(self.panes)].focus()

    def action_prev_pane(self) -> None:
        self.panes[(self.opened - 1) % len(self.panes)].focus()

    def action_pane_left(self) -> None:
        self._beside({1: 0, 3: 2, 4: 2})

    def action_pane_right(self) -> None:
        self._beside({0: 1, 2: 4})

    def _beside(self, neighbours: dict[int, int]) -> None:
        if wide(self.size) and not self.zoomed and self.opened in neighbours:
            self.panes[neighbours[self.opened]].focus()

    def action_retry(self) -> None:
        self.console.connect()

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.arrange_again()

    def action_next(self) -> None:
        if self.console.session is not None:
            self.console.session.next_chapter()

    def action_abort(self) -> None:
        if not self.console.operator.cancel_diagnosis():
            self.console.operator.abort_demo()

    def action_play(self) -> None:
        if self.console.session is not None:
            self.console.session.play_pause()

    def action_step(self, seconds: int) -> None:
        if self.console.session is not None:
            self.console.session.step(float(seconds))

    def action_slower(self) -> None:
        self._speed(-1)

    def action_faster(self) -> None:
        self._speed(1)

    def _speed(self, direction: int) -> None:
        playback = self.view.playback
        if self.console.session is not None and playback is not None:
            nearest = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - playback.speed))
            self.console.session.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, nearest + direction))])

    def action_to_start(self) -> None:
        self._seek(0.0)

    def action_to_end(self) -> None:
        if self.view.playback is not None:
            self._seek(self.view.playback.duration)

    def _seek(self, t: float) -> None:
        if self.console.session is not None:
            self.console.session.seek(t)


_REPLAY_ACTIONS = frozenset({"play", "step", "slower", "faster", "to_start", "to_end"})
