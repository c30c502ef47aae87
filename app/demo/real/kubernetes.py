"""Kubernetes' own processes: the API server, the controllers and the scheduler, on loopback."""

from app.demo.real.certificates import Certificates
from app.demo.real.component import Component
from app.demo.real.layout import Layout
from app.demo.real.tools import Tools

_NAMES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def kubernetes(tools: Tools, layout: Layout, certificates: Certificates) -> tuple[Component, ...]:
    """The three, in the order in which they start."""
    arguments = (_apiserver(layout, certificates), _controllers(layout, certificates), _scheduler(layout))
    urls = (f"{layout.api_url}/readyz", None, None)
    return tuple(
        Component(name, tools.binaries[name], own, url) for name, own, url in zip(_NAMES, arguments, urls, strict=True)
    )


def _apiserver(layout: Layout, certificates: Certificates) -> tuple[str, ...]:
    key = certificates.service_account_key
    return (
        f"--etcd-servers={layout.url('etcd')}",
        f"--secure-port={layout.ports['kube-apiserver']}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        # The Endpoints of the `kubernetes` Service may not name loopback.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={certificates.certificate}",
        f"--tls-private-key-file={certificates.key}",
        f"--cert-dir={layout.data}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={layout.secrets / 'tokens.csv'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        # Container logs: KWOK answers in the kubelets' place.
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={certificates.authority}",
        "--profiling=false",
    )


def _controllers(layout: Layout, certificates: Certificates) -> tuple[str, ...]:
    return (
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
        f"--service-account-private-key-file={certificates.service_account_key}",
        f"--root-ca-file={certificates.authority}",
        # 20 and 30 by default, which hundreds of environments opened at once would queue for.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    )


def _scheduler(layout: Layout) -> tuple[str, ...]:
    return (
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
    )
