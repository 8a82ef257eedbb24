"""Details of one component: what each vantage point says, what inspect shows, and the end of its log."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.timer import Timer

from console.model.cluster import Container, Probe
from console.model.view import Details, View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, Span, line, pad, whole_words, wrap
from console.ui.messages import Notice
from console.ui.screens.base import ConsoleScreen
from console.ui.styles import sheets
from console.ui.table import Column, grid
from console.ui.vantage import beat_word, docker_word, injected, pd_word, probe_word, seen_by_others
from console.ui.widgets.board import Board
from console.ui.widgets.frame import framed
from console.ui.widgets.listing import Listing, Row, matches
from console.ui.words import age, millis, size, whole

RELOAD_S = 2.0
COLUMNS = (
    Column("who", "VANTAGE POINT", 16, 100),
    Column("says", "SAYS", 16, 95),
    Column("since", "SINCE", 5, 80, right=True),
)


@dataclass(frozen=True, slots=True)
class Saying:
    """One vantage point: what it says, since when, and what else it knows."""

    who: str
    says: Span
    since: float | None = None
    more: str = ""


def sayings(view: View, component: str) -> list[Saying]:
    """Everyone who says something of a component."""
    cluster, now = view.cluster, view.now
    out: list[Saying] = []
    container = cluster.containers.get(component)
    if container is not None:
        out.append(Saying("docker", docker_word(container), now - container.since, _container_more(container)))
    store = cluster.stores.get(component)
    if store is not None:
        out += [_probed("status port", store.status, now), _probed("idle connection", store.tcp, now)]
        if store.pd is not None:
            pd = store.pd
            more = (f"beat {beat_word(pd, now)[0]} ago · {whole(pd.leaders)} leaders · {whole(pd.regions)} regions · "
                    f"slow score {whole(pd.slow_score)} · {pd.address} · id {pd.id}")  # fmt: skip
            out.append(Saying("pd", pd_word(pd), now - pd.state_since, more))
    member = cluster.members.get(component)
    if member is not None:
        out += [_probed(f"pd {name}", member.probes[name], now) for name in sorted(member.probes)]
        more = f"names {member.leader or '—'} as leader · term {whole(member.term)}"
        out.append(Saying("other members", seen_by_others(component, cluster.members), None, more))
    kind = injected(view).get(component)
    if kind:
        out.append(Saying("this console", (f"◆ {kind}", "act")))
    return out


def vantage_rows(view: View, component: str, columns: int) -> list[Line]:
    """The sayings as a table; what else each knows is wrapped at the right."""
    found = sayings(view, component)
    if not found:
        return [line(("nothing has been seen of it", "dim"))]
    table = grid(COLUMNS, columns, 2)
    room = columns - table.width - 2
    rows = [table.head()]
    for saying in found:
        since = "" if saying.since is None else age(saying.since)
        head = table.row({"who": (saying.who, "dim"), "says": saying.says, "since": (since, "dim")})
        for n, part in enumerate(wrap(saying.more, room) if room >= 12 else [""]):
            rows.append(line(*(head if n == 0 else pad(EMPTY, table.width)), "  ", (part, "dim")))
    return rows


def _probed(who: str, probe: Probe, now: float) -> Saying:
    usual = f"usually {millis(probe.rtt_usual_ms)}" if probe.rtt_usual_ms is not None else ""
    return Saying(who, probe_word(probe, now), now - probe.since, probe.detail or usual)


def _container_more(container: Container) -> str:
    stats = container.stats
    parts = [container.name]
    if stats is not None:
        cpu = "—" if stats.cpu_pct is None else f"{stats.cpu_pct:.0f}%"
        limit = f" of {size(stats.mem_limit)}" if stats.mem_limit else ""
        parts += [f"cpu {cpu}", f"mem {size(stats.mem)}{limit}"]
    if container.networks is not None:
        parts.append("networks " + (", ".join(container.networks) or "none"))
    parts.append(f"started {container.started}×, died {container.died}×")
    return " · ".join(parts)


class Facts(Board):
    """The table of vantage points and the inspect rows, side by side with nothing to scroll."""

    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def __init__(self, component: str) -> None:
        super().__init__(id="facts")
        self.component = component
        self.details: Details | None = None

    def watch_view(self) -> None:
        self.rebuild()

    def body(self, columns: int) -> list[Line]:
        """All lines, for this many cells."""
        rows = vantage_rows(self.view, self.component, columns)
        if self.details is not None and self.details.inspected:
            rows.append(EMPTY)
            lead = max(len(label) for label, _ in self.details.inspected) + 2
            rows += [
                line(*pad(line((label, "head")), min(lead, 24)), *whole_words(value, columns - min(lead, 24)))
                for label, value in self.details.inspected
            ]
        return rows

    def rebuild(self) -> None:
        if not self.is_mounted or self.size.width < 12:
            return
        rows = self.body(self.size.width - 4)
        wanted = min(len(rows) + 2, max(5, self.app.size.height // 2))
        if self.styles.height is None or self.size.height != wanted:
            self.styles.height = wanted
        from console.ui.themes import FRAMES

        frame = FRAMES.get(self.app.theme, FRAMES["chaos"])[0]
        title = line(("Details ", "title"), (self.component, "accent"))
        body = [line(" ", *row) for row in rows]
        self.paint(framed(body, (self.size.width, self.size.height), frame, "frame", title))


class LogTail(Listing):
    """The end of a log: follows, pauses, filters."""

    sticks = True
    BINDINGS = bindings(Where.DETAILS)

    class ReloadAsked(Notice):
        """`r` was pressed."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self.details: Details | None = None

    def heading(self) -> Line:
        return line(("Log", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        return line(("following", "dim")) if self.follow else line(("paused", "warn"))

    def items(self, columns: int) -> list[Row]:
        if self.details is None:
            return [Row(EMPTY), Row(line(("asking the engine…", "dim")))]
        if self.details.error:
            return [Row(EMPTY), *(Row(line((r, "bad"))) for r in wrap(self.details.error, columns))]
        lines = [text for text in self.details.log if not self.wanted or matches(self.wanted, text)]
        if not lines:
            return [Row(EMPTY), Row(line(("no line passes the filter" if self.wanted else "the log is empty", "dim")))]
        return [Row(line((r, _tone(text)))) for text in lines for r in wrap(text, columns)]

    def action_reload(self) -> None:
        self.post_message(self.ReloadAsked(""))


def _tone(text: str) -> str:
    head = text[:120].upper()
    return "bad" if "[ERROR]" in head or "[FATAL]" in head else "warn" if "[WARN" in head else "t"


class DetailsScreen(ConsoleScreen):
    """`enter` on a component. Asks the session again every two seconds while the log is followed."""

    CSS_PATH = sheets("details")

    def __init__(self, component: str) -> None:
        super().__init__()
        self.component = component
        self._again: Timer | None = None

    def body(self) -> ComposeResult:
        yield Facts(self.component).data_bind(ConsoleScreen.view)
        yield LogTail()

    def ready(self) -> None:
        super().ready()
        self.load()
        self._again = self.set_interval(RELOAD_S, self._reload_if_followed)

    @property
    def main(self) -> Listing:
        return self.query_one(LogTail)

    def places(self) -> tuple[Where, ...]:
        return (Where.DETAILS, Where.OVER, Where.SCREEN)

    def _reload_if_followed(self) -> None:
        playback = self.view.playback
        if self.is_current and self.query_one(LogTail).follow and (playback is None or playback.playing):
            self.load()

    def load(self) -> None:
        """Ask the session."""
        self.run_worker(self._load(), name="details", group="details", exclusive=True)

    async def _load(self) -> None:
        session = self.console.session
        if session is None:
            return
        found = await session.details(self.component)
        log, facts = self.query_one(LogTail), self.query_one(Facts)
        if found != log.details:
            log.details = facts.details = found
            log.rebuild()
            facts.rebuild()

    @on(LogTail.ReloadAsked)
    def _reload_asked(self, message: LogTail.ReloadAsked) -> None:
        message.stop()
        self.load()
