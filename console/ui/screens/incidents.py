"""Incidents: one line per cause with who saw it and when; the findings of the selected one below."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive

from console.model.incident import Finding, Incident, Vantage
from console.model.view import View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.screens.base import ConsoleScreen
from console.ui.styles import sheets
from console.ui.table import Cell, Column, grid
from console.ui.widgets.listing import Listing, Row, kept
from console.ui.words import mmss, mmss_tenths, plural, tenths

COLUMNS = (
    Column("state", "", 9, 100),
    Column("id", "INCIDENT", 10, 90),
    Column("component", "COMPONENT", 16, 95),
    Column("began", "BEGAN", 7, 80, right=True),
    Column("over", "OVER", 7, 60, right=True),
    *(Column(v.value, v.value.upper(), 8, 70 - n, right=True) for n, v in enumerate(Vantage)),
    Column("findings", "FINDINGS", 8, 20, right=True),
)


def incident_values(incident: Incident) -> dict[str, Cell]:
    """The cells of one incident; per vantage point the seconds from when it began to when it was seen."""
    lasts = incident.over is None
    seen = incident.detected()
    values: dict[str, Cell] = {
        "state": ("● lasts" if lasts else "○ over", "bad" if lasts else "dim"),
        "id": (incident.id, "t"),
        "component": (incident.component, "strong"),
        "began": (mmss(incident.began), "t"),
        "over": ("—" if incident.over is None else mmss(incident.over), "dim"),
        "findings": (str(len(incident.findings)), "dim"),
    }
    for vantage in Vantage:
        t = seen.get(vantage.value)
        values[vantage.value] = ("—", "dim") if t is None else (tenths(t - incident.began), "t")
    return values


class IncidentList(Listing):
    """Newest first."""

    BINDINGS = bindings(Where.INCIDENTS)
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def __init__(self) -> None:
        super().__init__(id="incidents")

    def watch_view(self) -> None:
        self.styles.height = max(5, min(len(self.view.incidents) + 3, self.app.size.height // 2 - 2))
        self.rebuild()

    def foot(self) -> Line:
        return line(("seconds from when it began to when it was seen", "dim"))

    def heading(self) -> Line:
        return line(("Incidents", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        lasting = sum(i.over is None for i in self.view.incidents)
        return line((f"{plural(len(self.view.incidents), 'incident')}, {lasting} lasting", "dim"))

    def items(self, columns: int) -> list[Row]:
        found = sorted(self.view.incidents, key=lambda i: -i.began)
        if not found:
            return [Row(EMPTY), Row(line(("No incident: steady state raises nothing.", "dim")))]
        table = grid(COLUMNS, columns)
        rows = kept((Row(table.row(incident_values(i)), i.id) for i in found), self.wanted)
        return [Row(table.head()), *rows]


class Findings(Listing):
    """What every vantage point saw of one incident."""

    def __init__(self) -> None:
        super().__init__(id="findings")
        self.incident: Incident | None = None

    def show(self, incident: Incident | None) -> None:
        """The findings of this one."""
        self.incident = incident
        self.rebuild()

    def heading(self) -> Line:
        name = "" if self.incident is None else f" {self.incident.id} {self.incident.component}"
        return line((f"Findings{name}", "title"))

    def items(self, columns: int) -> list[Row]:
        if self.incident is None:
            return [Row(EMPTY), Row(line(("The findings of the selected incident appear here.", "dim")))]
        ordered = sorted(self.incident.findings, key=lambda f: f.seen)
        return [Row(r) for f in ordered for r in _finding(f, columns)]


def _finding(finding: Finding, columns: int) -> list[Line]:
    end = "lasts" if finding.cleared is None else f"until {mmss(finding.cleared)}"
    head = line((f"{mmss_tenths(finding.seen)} ", "dim"), (f"{finding.vantage.value:<9}", "info"),
                (f"{finding.symptom:<18} ", "strong"))  # fmt: skip
    rows = wrap(f"{finding.text} ({end})", columns - width(head))
    return [line(*(head if n == 0 else pad(EMPTY, width(head))), (r, "t")) for n, r in enumerate(rows)]


class IncidentsScreen(ConsoleScreen):
    """`i`."""

    CSS_PATH = sheets("incidents")
    BINDINGS = bindings(Where.PAIR)

    def body(self) -> ComposeResult:
        yield IncidentList().data_bind(ConsoleScreen.view)
        yield Findings()

    def watch_view(self, old: View, new: View) -> None:
        super().watch_view(old, new)
        self.call_after_refresh(self._show_selected)

    @property
    def main(self) -> Listing:
        return self.query_one(IncidentList)

    def places(self) -> tuple[Where, ...]:
        return (Where.INCIDENTS, Where.PAIR, Where.OVER, Where.SCREEN)

    def set_filter(self, wanted: str) -> None:
        super().set_filter(wanted)
        self._show_selected()

    def _show_selected(self) -> None:
        if not self.is_mounted or not self.query(IncidentList):
            return
        key = self.query_one(IncidentList).cursor
        self.query_one(Findings).show(next((i for i in self.view.incidents if i.id == key), None))

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._show_selected()

    @on(Listing.Chosen)
    def _chosen(self, message: Listing.Chosen) -> None:
        incident = next((i for i in self.view.incidents if i.id == message.key), None)
        if incident is not None and incident.components:
            self.console.details(incident.components[0])
        elif incident is not None:
            self.console.say("this incident has no component of its own", "info")
