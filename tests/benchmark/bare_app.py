"""The least Textual app there is, to compare with: a header, a list, a footer."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Label, ListItem, ListView


class Bare(App[None]):
    """Nothing ticks."""

    BINDINGS = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        yield Header()
        yield ListView(*(ListItem(Label(f"row {n}")) for n in range(30)))
        yield Footer()


if __name__ == "__main__":
    Bare().run()
