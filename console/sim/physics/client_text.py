"""Lines of client-go's own log inside go-ycsb's output, with the texts of recordings/ and recordings/go-ycsb."""

from __future__ import annotations

_MODULE = "github.com/tikv/client-go/v2"
_STACK = f"\\n{_MODULE}/internal/client.sendBatchRequest\\n\\tinternal/client/client_batch.go:789"
RESET = "error reading from server: read tcp {me}->{ip}:20160: read: connection reset by peer"
TIMED_OUT = "error reading from server: read tcp {me}->{ip}:20160: read: connection timed out"
KEEPALIVE = "keepalive ping failed to receive ACK within timeout"
DEADLINE = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"


def unavailable(text: str) -> str:
    """A gRPC status as Go prints it."""
    return f"rpc error: code = Unavailable desc = {text}"


def dial_error(text: str) -> str:
    """What a failed dial becomes."""
    return unavailable(f'connection error: desc = \\"transport: Error while dialing: dial tcp{text}\\"')


def refused(ip: str) -> str:
    """RST to the SYN."""
    return dial_error(f" {ip}:20160: connect: connection refused")


def no_host(name: str) -> str:
    """The engine's resolver does not know the name."""
    return dial_error(f": lookup {name} on 127.0.0.11:53: no such host")


def health_error(address: str, error: str) -> str:
    """The client's health check of a store it holds for unreachable, each second."""
    return f'[INFO] [region_cache.go:2524] ["[health check] check health error"] [store={address}] [error="{error}"]'


def refill(store: int, address: str, error: str) -> str:
    """The client stops trusting its region cache for a store."""
    return (
        f'[INFO] [region_request.go:794] ["mark store\'s regions need be refill"] [id={store}] [addr={address}] '
        f'[error="{error}"] [errorVerbose="{error}{_STACK}"]'
    )


def recreate_failed(address: str, error: str = "") -> str:
    """A stream could not be made anew."""
    tail = f'[error="{error}"]' if error else "[]"
    return (
        f'[INFO] [client_batch.go:581] ["batchRecvLoop re-create streaming fail"] [target={address}] '
        f"[forwardedHost=] {tail}"
    )


def recreated(address: str) -> str:
    """A stream was made anew."""
    message = '["batchRecvLoop re-create streaming success"]'
    return f"[INFO] [client_batch.go:573] {message} [target={address}] [forwardedHost=]"


def no_connections(address: str) -> str:
    """Every connection to the store is broken."""
    return f'[WARN] [client_batch.go:365] ["no available connections"] [target={address}]'


def reachable(store: int) -> str:
    """The health check succeeded again."""
    return f'[INFO] [region_cache.go:2437] ["[health check] store became reachable"] [storeID={store}]'


def gave_up(region: int) -> str:
    """The back-off budget of one operation is used up (guides/tikv.md 4.4)."""
    return (
        '[WARN] [backoff.go:158] ["regionMiss backoffer.maxSleep 40000ms is exceeded, errors:\\nno leader, '
        f'ctx: region ID: {region}"]'
    )


def pd_switched(new: str, old: str) -> str:
    """The client follows PD's leader."""
    return (
        f'[INFO] [base_client.go:350] ["[pd] switch leader"] [new-leader=http://{new}:2379] '
        f"[old-leader={f'http://{old}:2379' if old else ''}]"
    )


def pd_member_error(name: str, silent: bool) -> str:
    """A PD member does not answer the client: its name is gone, or it is silent."""
    lookup = f"lookup {name} on 127.0.0.11:53: no such host"
    error = DEADLINE if silent else unavailable(
        f'connection error: desc = \\"transport: Error while dialing: dial tcp: {lookup}\\"'
    )  # fmt: skip
    return (
        f'[INFO] [base_client.go:275] ["[pd] cannot update member from this address"] [address=http://{name}:2379] '
        f'[error="[PD:client:ErrClientGetMember]error:{error} target:{name}:2379 status:TRANSIENT_FAILURE"]'
    )


def no_cluster_id() -> str:
    """At start, with no PD to be found."""
    error = "[PD:client:ErrClientGetLeader]get leader from all members failed"
    return f'[ERROR] [base_client.go:146] ["[pd] failed to get cluster id"] [error="{error}"]'


def tso_error(name: str) -> str:
    """The stream for timestamps broke."""
    return (
        f'[ERROR] [client.go:847] ["[pd] getTS error"] [dc-location=global] [stream-addr=http://{name}:2379] '
        '[error="[PD:client:ErrClientGetTSO]rpc error: code = Unavailable desc = error reading from server: EOF"]'
    )


def tso_cancelled() -> str:
    """The stream for timestamps is silent."""
    message = '["[pd] tso request is canceled due to timeout"] [dc-location=global]'
    return f'[ERROR] [client.go:593] {message} [error="[PD:client:ErrClientGetTSOTimeout]get TSO timeout"]'


def tso_slow(seconds: float) -> str:
    """One operation's wait for its timestamp."""
    return f'[WARN] [pd.go:152] ["get timestamp too slow"] ["cost time"={seconds:.9f}s]'
