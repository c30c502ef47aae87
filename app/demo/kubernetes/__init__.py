"""A simulated Kubernetes cluster with a GitOps syncer, spoken to over Kubernetes' own HTTP API.

It is for the demo and the tests, runs in its own process and forgets everything when it ends. It may import nothing
of the service: the two know each other only through HTTP. Start reading at `simulator`, which puts the parts together:

    apiserver/   the API: kinds as a table, one generic implementation of list, watch, write and delete
    workloads/   the controllers: Deployments roll, pods start or fail, namespaces go away
    syncers/     Argo CD and Flux in small: they read the environments repository and apply it
    client       what the demo and the tests use to look inside and to make things go wrong

Run it with `python -m app.demo.kubernetes --port 0 --token secret --repository URL`.
"""
