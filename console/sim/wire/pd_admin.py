"""PD's answers to orders: configuration, schedulers, checkers, operators, leader, stores (guides/tikv.md 1.3)."""

from __future__ import annotations

import json
from typing import Any

from console.sim.physics.pd_config import ConfigError
from console.sim.physics.pd_schedule import KNOWN
from console.sim.physics.pd_stores import NodeState, StoreState
from console.sim.physics.raft import Region
from console.sim.physics.world import World

from .http import Answer, Asked, plain, pretty

NO_OPERATOR = "[PD:operator:ErrOperatorNotFound]operator not found"


def body_of(asked: Asked) -> dict[str, Any] | Answer:
    """The JSON object sent, or PD's refusal of what was sent."""
    try:
        value = json.loads(asked.body or b"")
    except ValueError:
        text = asked.body.decode(errors="replace").strip()
        if not text:
            return pretty("EOF", 400)
        return pretty(f"invalid character '{text[0]}' looking for beginning of value", 400)
    if not isinstance(value, dict):
        kind = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
        return pretty(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}", 400)
    return value


# -- configuration ---------------------------------------------------------------------------------------------------


def set_config(world: World, asked: Asked) -> Answer:
    """`POST /config`, with `ttlSecond` for values that expire."""
    changes = body_of(asked)
    if isinstance(changes, Answer):
        return changes
    ttl = asked.one("ttlSecond")
    try:
        if ttl:
            if not ttl.lstrip("-").isdigit():
                return pretty(f'strconv.Atoi: parsing "{ttl}": invalid syntax', 400)
            world.pd.config.edit_for(changes, float(ttl), world.now)
            world.ground.changed()
            return pretty("The ttl config is updated.")
        world.pd.config.edit(changes)
    except ConfigError as refused:
        return pretty(str(refused), 400)
    world.ground.changed()
    return pretty("The config is updated.")


def set_rules(world: World, asked: Asked) -> Answer:
    """`POST /config/rule` of the default group: the number of replicas."""
    rule = body_of(asked)
    if isinstance(rule, Answer):
        return rule
    count = rule.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count <= 0:
        return pretty(f"[PD:placement:ErrRuleContent]invalid rule content, invalid count {count}", 400)
    world.pd.config.rule_count = count
    return pretty("Update rule successfully.")


# -- schedulers and checkers -----------------------------------------------------------------------------------------


def add_scheduler(world: World, asked: Asked) -> Answer:
    """`POST /schedulers`."""
    order = body_of(asked)
    if isinstance(order, Answer):
        return order
    name = order.get("name")
    if not isinstance(name, str):
        return pretty("missing scheduler name", 400)
    if name not in KNOWN:
        return pretty("unknown scheduler", 400)
    if name in ("evict-leader-scheduler", "grant-leader-scheduler"):
        store = order.get("store_id")
        if not isinstance(store, (int, float)) or isinstance(store, bool):
            return pretty("missing store id", 400)
        if int(store) not in world.pd.stores.metas:
            return pretty(f"[PD:core:ErrStoreNotFound]store {int(store)} not found", 500)
        if name == "evict-leader-scheduler":
            world.pd.schedule.evict(int(store))
            return pretty("The scheduler has been applied to the store.")
    if name in world.pd.schedule.schedulers:
        return pretty("[PD:scheduler:ErrSchedulerExisted]scheduler existed", 500)
    world.pd.schedule.schedulers[name] = 0.0
    return pretty("The scheduler is created.")


def remove_scheduler(world: World, name: str) -> Answer:
    """`DELETE /schedulers/<name>`: `null`, where others would say something."""
    schedule = world.pd.schedule
    missing = pretty("[PD:scheduler:ErrSchedulerNotFound]scheduler not found", 404)
    base, _, store = name.rpartition("-")
    if base == "evict-leader-scheduler" and store.isdigit():
        return pretty(None) if schedule.unevict(int(store)) else missing
    if name not in schedule.schedulers:
        return missing
    del schedule.schedulers[name]
    if name == "evict-leader-scheduler":
        schedule.evicted.clear()
    return pretty(None)


def delay(world: World, name: str, asked: Asked) -> Answer:
    """`POST /schedulers/<name>` and `POST /checker/<name>`: pause for a while, 0 resumes."""
    order = body_of(asked)
    if isinstance(order, Answer):
        return order
    seconds = order.get("delay")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return pretty("missing pause time", 400)
    if not world.pd.schedule.delay(name, float(seconds)):
        return pretty("[PD:scheduler:ErrSchedulerNotFound]scheduler not found", 500)
    world.ground.changed()
    return pretty("Pause or resume the scheduler successfully." if "scheduler" in name or name == "all"
                  else "Pause or resume the checker successfully.")  # fmt: skip


# -- operators -------------------------------------------------------------------------------------------------------


def add_operator(world: World, asked: Asked) -> Answer:
    """`POST /operators`."""
    order = body_of(asked)
    if isinstance(order, Answer):
        return order
    name = order.get("name")
    if not isinstance(name, str):
        return pretty("missing operator name", 400)
    region_id = order.get("region_id")
    if not isinstance(region_id, (int, float)) or isinstance(region_id, bool):
        return pretty("missing region id", 400)
    region = world.raft.regions.get(int(region_id))
    if name == "transfer-leader":
        return _transfer_leader(world, region, order, int(region_id))
    if name in ("add-peer", "remove-peer", "transfer-peer", "split-region", "scatter-region", "merge-region"):
        if region is None:
            return pretty(f"[PD:core:ErrRegionNotFound]region {int(region_id)} not found", 500)
        op = world.pd.schedule.open(region, f"admin-{name}", "admin", f"{name}", f"{name}")
        world.ground.after(1.0, lambda: world.pd.schedule.close(op, ok=False))
        return pretty("The operator is created.")
    return pretty("unknown operator", 400)


def _transfer_leader(world: World, region: Region | None, order: dict[str, Any], region_id: int) -> Answer:
    to = order.get("to_store_id")
    if not isinstance(to, (int, float)) or isinstance(to, bool):
        return pretty("missing store id to transfer leader to", 400)
    if region is None:
        return pretty(f"[PD:core:ErrRegionNotFound]region {region_id} not found", 500)
    if int(to) not in region.peers:
        return pretty(f"region has no voter in store {int(to)}", 500)
    if region.id in world.pd.schedule.operators:
        return pretty("[PD:schedule:ErrAddOperator]failed to add operator, maybe already have one", 500)
    world.pd.schedule.transfer(region, int(to), "admin-transfer-leader")
    return pretty("The operator is created.")


def operators(world: World, asked: Asked) -> Answer:
    """`GET /operators`, as text or as objects."""
    running = list(world.pd.schedule.operators.values())
    if asked.one("object").lower() in ("true", "1"):
        return pretty([op.as_object() for op in running])
    return pretty([op.text() for op in running])


def records(world: World, asked: Asked) -> Answer:
    """`GET /operators/records?from=`: none is a 500, and means none."""
    since = asked.one("from", "0")
    if not since.isdigit():
        return pretty(f'strconv.ParseInt: parsing "{since}": invalid syntax', 400)
    found = [op.record() for op in world.pd.schedule.records if (op.finished or 0) >= int(since)]
    return pretty(found) if found else pretty(NO_OPERATOR, 500)


def operator_of(world: World, region: str) -> Answer:
    """`GET /operators/<region>`."""
    if not region.isdigit():
        return pretty(f'strconv.ParseUint: parsing "{region}": invalid syntax', 400)
    found = world.pd.schedule.operators.get(int(region))
    return pretty(found.text()) if found else pretty(NO_OPERATOR, 500)


def cancel_operator(world: World, region: str) -> Answer:
    """`DELETE /operators/<region>`."""
    found = world.pd.schedule.operators.get(int(region)) if region.isdigit() else None
    if found is None:
        return pretty(NO_OPERATOR, 500)
    world.pd.schedule.close(found, ok=False)
    return pretty("The pending operator is canceled.")


# -- leader and stores -----------------------------------------------------------------------------------------------


def resign(world: World) -> Answer:
    """`POST /leader/resign`."""
    if not world.pd.elections.hand_over():
        return pretty("no valid pd to transfer etcd leader", 500)
    return pretty("The resign command is submitted.")


def transfer(world: World, name: str) -> Answer:
    """`POST /leader/transfer/<name>`."""
    if name == world.pd.elections.leader:
        return pretty("The transfer command is submitted.")
    if not world.pd.elections.hand_over(name):
        return pretty("no valid pd to transfer etcd leader", 500)
    return pretty("The transfer command is submitted.")


def remove_store(world: World, store: int, force: bool) -> Answer:
    """`DELETE /store/<id>`: Offline, refused where too few would be left."""
    meta = world.pd.stores.metas.get(store)
    if meta is None:
        return pretty(f"[PD:core:ErrStoreNotFound]store {store} not found", 404)
    if meta.state is StoreState.TOMBSTONE:
        return pretty(f"[PD:core:StoreTombstone]the store [{store}] is tombstone", 410)
    up = sum(m.state is StoreState.UP for m in world.pd.stores.metas.values()) - (meta.state is StoreState.UP)
    need = world.pd.config.parts["replication"]["max-replicas"]
    if up < need:
        text = (
            f"[PD:cluster:ErrStoresNotEnough]can not remove store {store} since the number of up stores would be "
            f"{up} while need {need}"
        )
        return pretty(text, 400)
    with world.ground.change():
        meta.state, meta.node_state, meta.destroyed = StoreState.OFFLINE, NodeState.REMOVING, force
    return pretty("The store is set as Offline.")


def set_store_state(world: World, store: int, asked: Asked) -> Answer:
    """`POST /store/<id>/state?state=`."""
    meta = world.pd.stores.metas.get(store)
    if meta is None:
        return pretty(f"[PD:core:ErrStoreNotFound]store {store} not found", 404)
    wanted = asked.one("state").lower()
    if wanted == "offline":
        return remove_store(world, store, force=False)
    if wanted != "up":
        return pretty(f"invalid state {asked.one('state')}", 400)
    if meta.state is StoreState.TOMBSTONE:
        return pretty(f"[PD:core:StoreTombstone]the store [{store}] is tombstone", 410)
    with world.ground.change():
        meta.state, meta.node_state = StoreState.UP, NodeState.SERVING
    return pretty("The store's state is updated.")


def set_limit(world: World, asked: Asked) -> Answer:
    """`POST /stores/limit` and `/store/<id>/limit`: peers added or removed a minute."""
    order = body_of(asked)
    if isinstance(order, Answer):
        return order
    rate = order.get("rate")
    if not isinstance(rate, (int, float)) or isinstance(rate, bool):
        return pretty("rate unset", 400)
    if rate <= 0:
        return pretty("invalid rate which should be larger than 0", 400)
    kind = order.get("type", "")
    metas = world.pd.stores.metas
    parts = asked.path.rstrip("/").split("/")
    chosen = [metas[int(parts[-2])]] if parts[-2].isdigit() and int(parts[-2]) in metas else list(metas.values())
    for meta in chosen:
        if kind in ("", "add-peer"):
            meta.add_limit = float(rate)
        if kind in ("", "remove-peer"):
            meta.remove_limit = float(rate)
    return pretty("Set store limit successfully.")


def rate_limit(world: World, asked: Asked) -> Answer:
    """`POST /service-middleware/config/rate-limit`."""
    order = body_of(asked)
    if isinstance(order, Answer):
        return order
    label = order.get("label")
    if not isinstance(label, str):
        return pretty("The type is empty." if not order.get("type") else "The label is empty.", 400)
    values = {k: float(order[k]) for k in ("qps", "concurrency") if isinstance(order.get(k), (int, float))}
    world.pd.rate_limits.pop(label, None)
    if any(values.values()):
        world.pd.rate_limits[label] = values
    return pretty("Rate limiter is updated.")


def method_not_allowed() -> Answer:
    """A path PD knows, asked in another way."""
    return plain(405, "Method Not Allowed")
