"""Snapshots that tests start from, in their YAML form."""

from collections.abc import Iterable
from typing import Any

Fields = dict[str, Any]


def backend(identity: str, servers: Iterable[Fields] = (), policy: str = "ROUND_ROBIN", **fields: Any) -> Fields:
    described: Fields = {"id": identity, "load_balancing": {"policy": policy}, **fields}
    if servers := list(servers):
        described["servers"] = servers
    return described


def rule(identity: str, *backends: str | Fields, **fields: Any) -> Fields:
    """A route rule to backends by id, or by {"backend": …, "weight": …}."""
    weighted = [{"backend": entry} if isinstance(entry, str) else entry for entry in backends]
    return {"id": identity, "backends": weighted, **fields}


def listener(identity: str = "web", address: str = "127.0.0.1:0", route_table: str = "main", **http: Any) -> Fields:
    return {"id": identity, "address": address, "http": {"route_table": route_table, **http}}


def route_table(*rules: Fields, identity: str = "main", domains: Iterable[str] = ("*",)) -> Fields:
    return {"id": identity, "virtual_hosts": [{"id": "all", "domains": list(domains), "rules": list(rules)}]}


def site(*servers: Fields, policy: str = "ROUND_ROBIN", http: Fields | None = None, **fields: Any) -> Fields:
    """Everything goes from the listener "web" by the table "main" to the backend "web"."""
    return {
        "listeners": [listener(**(http or {}))],
        "route_tables": [route_table(rule("all", "web"))],
        "backends": [backend("web", servers, policy, **fields)],
    }


def upsert_server(backend_id: str, server: Fields) -> Fields:
    return {"upsert_server": {"backend": backend_id, "server": server}}


def remove_server(backend_id: str, server_id: str) -> Fields:
    return {"remove_server": {"backend": backend_id, "server": server_id}}


def set_health(backend_id: str, server_id: str, status: str, reason: str = "") -> Fields:
    return {"set_health": {"backend": backend_id, "server": server_id, "status": status, "reason": reason}}


def over_tls(site: Fields, certificate: Fields, **tls: Any) -> Fields:
    """The same with its listeners speaking TLS, by this certificate resource."""
    listeners = [{**entry, "tls": {"certificates": [certificate["id"]], **tls}} for entry in site["listeners"]]
    return {**site, "listeners": listeners, "certificates": [*site.get("certificates", []), certificate]}


def trust_bundle(identity: str, roots: str, crls: str = "") -> Fields:
    """Of texts in PEM."""
    described: Fields = {"id": identity, "roots": {"inline_string": roots}}
    if crls:
        described["crls"] = {"inline_string": crls}
    return described
