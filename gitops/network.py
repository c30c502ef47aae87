"""How an environment may be reached and what it may reach. Each rule yields its problems as words."""

import ipaddress
from collections.abc import Iterator

from gitops.dig import Object, list_at, mapping_at, value_at
from gitops.spec import Spec
from gitops.text import shown

Problems = Iterator[str]

# Where clouds hand out credentials to whoever asks: AWS, Azure, Google (IPv4), AWS (IPv6).
_METADATA = (ipaddress.ip_address("169.254.169.254"), ipaddress.ip_address("fd00:ec2::254"))
# Annotations by which an ingress controller runs text of ours, or serves a host that the rules do not name.
_FORBIDDEN_ANNOTATION_ENDS = (
    "server-alias",
    "auth-url",
    "permanent-redirect",
    "temporal-redirect",
    "upstream-vhost",
)


def service_problems(service: Object) -> Problems:
    """Why the Service would be reachable from outside, or lead outside."""
    kind = value_at(service, "spec", "type")
    if kind not in (None, "ClusterIP"):
        yield f"spec.type is {shown(kind)}; make it ClusterIP"
    for field in ("externalIPs", "externalName", "loadBalancerIP"):
        if value_at(service, "spec", field):
            yield f"spec.{field} is set; remove it"


def ingress_problems(ingress: Object, spec: Spec) -> Problems:
    """Why the Ingress would answer for another host than the environment's, or run foreign configuration."""
    for rule in list_at(ingress, "spec", "rules"):
        yield from _foreign_host(value_at(rule, "host"), spec)
    for tls in list_at(ingress, "spec", "tls"):
        for host in list_at(tls, "hosts"):
            yield from _foreign_host(host, spec)
    if value_at(ingress, "spec", "defaultBackend") is not None:
        yield "spec.defaultBackend answers for every host; remove it"
    for name in mapping_at(ingress, "metadata", "annotations"):
        if "snippet" in name.lower() or name.endswith(_FORBIDDEN_ANNOTATION_ENDS):
            yield f"annotation {shown(name)} is not allowed; remove it"


def network_policy_problems(policy: Object) -> Problems:
    """Why the NetworkPolicy would open the way to the cloud's metadata address, or to everything."""
    for rule in list_at(policy, "spec", "egress"):
        peers = list_at(rule, "to")
        if not peers:
            yield "an egress rule without `to` opens every address; name its peers"
        for peer in peers:
            if "ipBlock" in mapping_at({"it": peer}, "it"):
                yield from _metadata_address(mapping_at(peer, "ipBlock"))


def _foreign_host(host: object, spec: Spec) -> Problems:
    if host != spec.host:
        yield f"host is {shown(host)}; make it {spec.host}"


def _metadata_address(block: Object) -> Problems:
    try:
        allowed = ipaddress.ip_network(str(block.get("cidr")), strict=False)
        excluded = [ipaddress.ip_network(str(cidr), strict=False) for cidr in list_at(block, "except")]
    except ValueError:
        yield f"ipBlock {shown(dict(block))} is not a network; write it as 10.0.0.0/8"
        return
    for address in _METADATA:
        if address in allowed and not any(address in network for network in excluded):
            yield f"ipBlock {allowed} holds the metadata address {address}; except it"
