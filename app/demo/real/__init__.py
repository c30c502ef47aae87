"""The real thing on one machine, without containers: etcd, Kubernetes, KWOK's nodes, Argo CD and Flux as processes.

Each is a Go program, built once from its own module (`make e2e-tools`). May import the rest of `app.demo`; start
reading at `tools.toml` (what and which version), then `build`, `tools` and `stack`.
"""
