"""A Kubernetes cluster: watching what runs in it, and waking the syncer that brings Git into it.

Reads through plain list and watch, writes nothing but the annotations that Argo CD and Flux take as a wake-up call.
May import `app.ports`, `app.domain`, `app.errors` and `gitops`. Start reading at `view`, which puts the reading side
together:

    access, connection            credentials, and one HTTP request at a time; `failures` says what went wrong
    listing, watch                a whole list; one resource followed without end
    namespaces, workloads, pods   raw JSON to the few values that are kept (`seen`)
    objects, assemble, picture    the newest of each object, and the Health of each namespace
    syncer, pokes                 Argo CD and Flux, and how many annotations are set at once
    checkup                       what `ephemera check` wants to know
"""
