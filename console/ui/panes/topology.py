"""Topology pane: PD members, stores and region health, each as every vantage point sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial

from console.model.cluster import Container, Member, Store
from console.model.names import Role, natural
from console.model.view import View
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, Span, chain, line, safe, width
from console.ui.panes.base import Pane, empty_state
from console.ui.standing import all_stale, stalest
from console.ui.table import Cell, Column, Grid, grid, sized
from console.ui.vantage import (
    beat_word,
    docker_word,
    injected,
    member_glyph,
    member_probe,
    pd_word,
    probe_word,
    seen_by_others,
    store_glyph,
)
from console.ui.widgets.listing import Row, matches
from console.ui.words import age, amount, size, whole

_NAME = Column("name", "STORE", 5, 100)
_STORE = (
    Column("id", "ID", 3, 40, right=True),
    Column("pd", "PD SAYS", 12, 90),
    Column("beat", "BEAT", 4, 85, right=True),
    Column("docker", "DOCKER", 10, 88),
    Column("probe", "PROBE", 15, 87),
    Column("lead", "LEAD", 4, 70, right=True),
    Column("regions", "REGIONS", 7, 60, right=True),
    Column("slow", "SLOW", 4, 30, right=True),
    Column("cpu", "CPU", 5, 50, right=True),
    Column("mem", "MEM", 5, 45, right=True),
    Column("address", "ADDRESS", 14, 10),
)
_MEMBER = (
    Column("role", "ROLE", 8, 90),
    Column("docker", "DOCKER", 10, 88),
    Column("probe", "ANSWERS", 15, 87),
    Column("others", "SEEN BY", 7, 80),
    Column("names", "FOLLOWS", 7, 40),
    Column("term", "TERM", 5, 50, right=True),
    Column("cpu", "CPU", 5, 30, right=True),
    Column("mem", "MEM", 5, 25, right=True),
)
REGION_KINDS = ("miss-peer", "down-peer", "pending-peer", "extra-peer", "offline-peer")
_REGION_WORDS = ("miss", "down", "pending", "extra", "offline")
_REGION_BRIEF = ("miss", "down", "pend", "extra", "off")
NAME_LIMIT = 22


@lru_cache(maxsize=8)
def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as people count: tikv2 before tikv10."""
    return tuple(sorted(names, key=natural))


@lru_cache(maxsize=8)
def _name_column(names: tuple[str, ...]) -> Column:
    """Wide enough for every name with its glyph and mark, whether the mark is there or not."""
    return sized(_NAME, [f"● {safe(n)} ◆" for n in names], NAME_LIMIT)


def _usage(container: Container | None) -> dict[str, Span]:
    stats = container.stats if container is not None else None
    if stats is None:
        return {"cpu": ("—", "dim"), "mem": ("—", "dim")}
    cpu = "—" if stats.cpu_pct is None else f"{stats.cpu_pct:.0f}%"
    throttled = bool(stats.throttled_pct and stats.throttled_pct > 10)
    return {"cpu": (cpu, "warn" if throttled else "t"), "mem": (size(stats.mem), "t")}


def _count(value: int | None, *, zero: str = "t") -> Span:
    return (whole(value), "dim" if value is None else zero if value == 0 else "t")


def _name(glyph: Span, name: str, marks: Mapping[str, str]) -> Line:
    """Glyph, service name, and a diamond where this console has a fault in it."""
    return line(glyph, (f" {name}", "strong"), (" ◆" if name in marks else "", "act"))


class Topology(Pane):
    """The cluster as rows; the cursor is the target of `inject` and `details`."""

    number = 1
    title = "Topology"
    BINDINGS = bindings(Where.TOPOLOGY)

    _whole = 6  # rows of everything, before a filter

    def rebuild(self) -> None:
        """A store is the first thing one looks at, and a PD leader the last one should hit by accident."""
        if not self.cursor and self.view.cluster.stores:
            self.cursor = min(self.view.cluster.stores, key=natural)
        super().rebuild()

    # rows

    def items(self, columns: int) -> list[Row]:
        cluster = self.view.cluster
        members = list(filter(self._wanted, _ordered(tuple(cluster.members))))
        stores = list(filter(self._wanted, _ordered(tuple(cluster.stores))))
        loads = [n for n, c in cluster.containers.items() if c.role is Role.LOAD]
        clients = list(filter(self._wanted, _ordered(tuple(loads))))
        if not cluster.stores and not cluster.members:
            return empty_state(
                columns, "PD members and stores appear here with the first answers.", _waiting(self.view)
            )
        first = _name_column((*cluster.stores, *cluster.members, *loads))
        rows: list[Row] = []
        if members:
            table = grid((replace(first, title="PD"), *_MEMBER), columns)
            rows.append(Row(table.head()))
            rows += [Row(key=n, draw=partial(self._member, table, cluster.members[n])) for n in members]
        if stores or clients:
            table = grid((first, *_STORE), columns)
            rows += ([Row(EMPTY)] if rows else []) + [Row(table.head())]
            rows += [Row(key=n, draw=partial(self._store, table, cluster.stores[n])) for n in stores]
            rows += [Row(key=n, draw=partial(self._client, table, cluster.containers[n])) for n in clients]
        if not rows:
            rows.append(Row(line(("nothing passes the filter", "dim"))))
        rows += [Row(EMPTY), Row(self._regions(columns))]
        self._whole = max(self._whole, len(rows)) if self.wanted else len(rows)
        return rows

    def _wanted(self, name: str) -> bool:
        """Whether a component passes the filter: by its name and by the words said of it, not by its numbers."""
        if not self.wanted:
            return True
        cluster = self.view.cluster
        store, member = cluster.stores.get(name), cluster.members.get(name)
        said = [name, docker_word(cluster.containers.get(name))[0]]
        if store is not None:
            said += [pd_word(store.pd)[0], store.status.reach.value]
        if member is not None:
            probe = member_probe(member)
            said += ["leader" if name == cluster.leader else "follower", probe.reach.value if probe else ""]
        return matches(self.wanted, " ".join(said))

    def wish(self) -> int:
        """Rows that would show everything there is, a filter notwithstanding."""
        return self._whole + 2

    def _member(self, table: Grid, member: Member) -> Line:
        view = self.view
        container = view.cluster.containers.get(member.name)
        others = seen_by_others(member.name, view.cluster.members)
        leader = view.cluster.leader
        astray = member.leader is not None and leader is not None and member.leader != leader
        values: dict[str, Cell] = {
            "name": _name(self._glyph(member_glyph(member, container, view.now, others)), member.name, injected(view)),
            "role": ("leader", "accent") if member.name == leader else ("follower", "dim"),
            "docker": self._docker(container),
            "probe": probe_word(member_probe(member), view.now),
            "others": others,
            "names": (member.leader or "—", "warn" if astray else "dim"),
            "term": (whole(member.term), "dim" if member.term is None else "t"),
            **_usage(container),
        }
        return table.row(values)

    def _store(self, table: Grid, store: Store) -> Line:
        view = self.view
        container = view.cluster.containers.get(store.name)
        pd = store.pd
        slow = pd.slow_score if pd is not None else None
        values: dict[str, Cell] = {
            "name": _name(self._glyph(store_glyph(store, container, view.now)), store.name, injected(view)),
            "id": (whole(pd.id if pd else None), "dim"),
            "pd": self._faded(pd_word(pd), "pd"),
            "beat": self._faded(beat_word(pd, view.now), "pd"),
            "docker": self._docker(container),
            "probe": self._faded(probe_word(store.status, view.now), "probes"),
            "lead": _count(pd.leaders if pd else None, zero="warn"),
            "regions": _count(pd.regions if pd else None),
            "slow": (whole(slow), "dim" if slow is None else "bad" if slow >= 80 else "warn" if slow > 1 else "t"),
            "address": (pd.address if pd else "—", "dim"),
            **_usage(container),
        }
        return table.row(values)

    def _client(self, table: Grid, container: Container) -> Line:
        running = container.state == "running"
        values: dict[str, Cell] = {
            "name": _name(("●" if running else "○", "info" if running else "dim"), container.service,
                          injected(self.view)),
            "pd": ("load client", "dim"),
            "docker": self._docker(container),
            **_usage(container),
        }  # fmt: skip
        return table.row(values)

    def _glyph(self, glyph: Span) -> Span:
        """Unknown where nobody has looked for a while."""
        blind = all(all_stale(self.view, source) for source in ("docker", "pd", "probes"))
        return ("○", "dim") if blind else glyph

    def _docker(self, container: Container | None) -> Span:
        return self._faded(docker_word(container), "docker")

    def _faded(self, word: Span, source: str) -> Span:
        """Grey where the source of the word has gone stale: it is what was seen last, not what is."""
        return (word[0], "faint") if all_stale(self.view, source) else word

    def _regions(self, columns: int) -> Line:
        regions = self.view.cluster.regions
        if regions.total is None and not regions.counts:
            return line(("regions ", "head"), ("not answered yet", "dim"))
        full, brief = (self._counts(words) for words in (_REGION_WORDS, _REGION_BRIEF))
        for parts, gap in ((full, " · "), (full, "  "), (brief, "  ")):
            row = chain(parts, 1000, (gap, "faint"))
            if width(row) <= columns:
                return row
        return chain(brief, columns, (" ", "faint"))

    def _counts(self, words: tuple[str, ...]) -> list[Line]:
        """Total and count per kind of trouble, worded like this."""
        regions = self.view.cluster.regions
        total = "—" if regions.total is None else amount(regions.total)
        parts: list[Line] = [line(("regions ", "head"), (total, "strong"))]
        for word, kind in zip(words, REGION_KINDS, strict=True):
            n = regions.counts.get(kind)
            tone = "dim" if not n else "bad" if kind in ("down-peer", "miss-peer") else "warn"
            parts.append(line((f"{word} ", "dim"), ("—" if n is None else amount(n), tone)))
        return parts

    # frame

    def status(self) -> Line:
        found = stalest(self.view, ("docker", "pd", "probe", "tikv"))
        if found is None:
            return EMPTY
        source, seconds = found
        why = f" {source.error}" if source.error else ""
        return line((f"{source.name} stale {age(seconds)}", "warn"), (why, "dim"))

    def summary(self) -> list[Line]:
        view = self.view
        cluster = view.cluster
        if not cluster.stores:
            return [line((_waiting(view) or "no store has answered yet", "dim"))]
        up = sum(store_glyph(s, cluster.containers.get(n), view.now)[0] == "●" for n, s in cluster.stores.items())
        total = len(cluster.stores)
        hurt = sum(cluster.regions.counts.get(kind, 0) for kind in REGION_KINDS)
        stale = self.status()
        return [
            stale,
            line((f"{up}/{total} stores up", "ok" if up == total else "bad")),
            line((f"{cluster.leader} leads", "t")) if cluster.leader else line(("no PD leader", "bad")),
            line((f"{amount(hurt)} regions hurt", "warn")) if hurt else line(("regions ok", "t")),
        ]


def _waiting(view: View) -> str:
    return f"waiting for {view.starting}" if view.starting else ""
