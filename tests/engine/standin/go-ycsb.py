"""go-ycsb as it prints: `ycsb.py PD,PD,...`. Closed-loop requests to the stores by name, a block of totals a second."""

from __future__ import annotations

import contextlib
import datetime
import os
import random
import socket
import sys
import threading
import time
from collections import deque

from wire import ask, background, until_told

PDS = sys.argv[1].split(",")
THREADS, PAUSE_S, TIMEOUT_S, SAY_S = 4, 0.01, 1.0, 1.0
ROUTES: dict[str, str] = {}
SAID: dict[tuple[str, str], float] = {}
LOCK = threading.Lock()
BEGAN = time.monotonic()
UNAVAILABLE = "rpc error: code = Unavailable desc = "
DIAL = UNAVAILABLE + 'connection error: desc = \\"transport: Error while dialing: dial tcp'


class Seen:
    """What was measured of one operation, microseconds."""

    def __init__(self) -> None:
        self.count, self.sum, self.least, self.most = 0, 0, 10**9, 0
        self.late: deque[int] = deque(maxlen=2000)

    def add(self, us: int) -> None:
        """One more."""
        self.count, self.sum = self.count + 1, self.sum + us
        self.least, self.most = min(self.least, us), max(self.most, us)
        self.late.append(us)

    def line(self, op: str) -> str:
        """The cumulative line."""
        takes, late = time.monotonic() - BEGAN, sorted(self.late)
        ranks = ((n, late[min(len(late) - 1, int(len(late) * n / 100))]) for n in (50, 90, 95, 99, 99.9, 99.99))
        return (
            f"{op:<6} - Takes(s): {takes:.1f}, Count: {self.count}, OPS: {self.count / takes:.1f}, "
            f"Avg(us): {self.sum // self.count}, Min(us): {self.least}, Max(us): {self.most}, "
            + ", ".join(f"{n:g}th(us): {us}" for n, us in ranks)
        )


SEEN = {"READ": Seen(), "TOTAL": Seen(), "UPDATE": Seen()}


def routes() -> None:
    """Who leads what, from whichever PD member answers."""
    for pd in random.sample(PDS, len(PDS)):
        with contextlib.suppress(OSError):
            ROUTES.update(ask(f"http://{pd}:2379/standin/routes", 0.5))
            return


def complain(address: str, error: OSError) -> None:
    """What client-go says of a store it cannot use, at most once a second."""
    if isinstance(error, socket.gaierror):
        text = f'{DIAL}: lookup {address.split(":")[0]} on 127.0.0.11:53: no such host\\"'
    elif isinstance(error, ConnectionRefusedError):
        text = f'{DIAL} {address}: connect: connection refused\\"'
    elif isinstance(error, TimeoutError):
        text = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
    else:
        text = UNAVAILABLE + "error reading from server: read: connection reset by peer"
    with LOCK:
        if time.monotonic() - SAID.get((address, text), -SAY_S) < SAY_S:
            return
        SAID[address, text] = time.monotonic()
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
    what = f'["[health check] check health error"] [store={address}] [error="{text}"]'
    print(f"[{stamp} +00:00] [INFO] [region_cache.go:2524] {what}", flush=True)


def operation(held: dict[str, socket.socket]) -> None:
    """Begun anew until it succeeds, as client-go does."""
    region = str(random.randrange(12))
    while True:
        address = ROUTES.get(region)
        try:
            if address is not None and address not in held:
                host, port = address.split(":")
                held[address] = socket.create_connection((host, int(port)), TIMEOUT_S)
            if address is not None:
                held[address].sendall(b"x\n")
                if held[address].recv(16):
                    return
                raise ConnectionResetError
        except OSError as error:
            if address in held:
                held.pop(address).close()
            complain(str(address), error)
        time.sleep(0.1)


def work() -> None:
    """One client thread."""
    held: dict[str, socket.socket] = {}
    while True:
        began = time.monotonic()
        operation(held)
        with LOCK:
            for op in (random.choice(("READ", "UPDATE")), "TOTAL"):
                SEEN[op].add(int((time.monotonic() - began) * 1e6))
        time.sleep(PAUSE_S)


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m", "[bold red]TOTAL[/bold red] - Takes(s): x", "READ   - Takes(s): , Count: many, ",
    "TOTAL  - Takes(s): 1e999, Count: -5, OPS: nan, Avg(us): inf", "\u202e\u2066 backwards", "x" * 400_000, "\0\0",
)  # fmt: skip


def totals() -> None:
    """One block."""
    if "STANDIN_HOSTILE" in os.environ:
        print(random.choice(HOSTILE), flush=True)
        os.write(1, b"\xff\xfe not text\n")
    with LOCK:
        print("\n".join(s.line(op) for op, s in SEEN.items() if s.count), flush=True)


if __name__ == "__main__":
    print(f'"threadcount"="{THREADS}"\n"tikv.type"="raw"\n"measurement.interval"="1"', flush=True)
    background(routes, 0.5)
    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    background(totals, 1.0)
    until_told()
