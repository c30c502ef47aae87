"""The controllers a cluster runs: workloads, the kubelet, namespaces, garbage collection.

Each reconciles one object at a time from what the API holds, called by one `loop`. They import `apiserver` and nothing
else. Start reading at `loop`, then `deployments` and `pods`.
"""
