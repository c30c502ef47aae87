"""A Kubernetes cluster: watching what runs in it, and waking the syncer that brings Git into it.

Reads through plain list and watch, writes nothing but the annotations that Argo CD and Flux take as a wake-up call.
May import `app.ports`, `app.domain`, `app.errors` and `gitops`. Start reading at `view`, which puts the reading side
together:

    access, connection            credentials, and one HTTP request at a time; `failures` says what went wrong
    resources                     what is watched, as a table
    listing, watch                a whole list; one resource followed without end
    shapes                        JSON decoded into no more than is read
    namespaces, workloads, pods   an object to the few values that are kept (`seen`), as also
                                  applications, kustomizations, volumes, events
    objects, assemble, picture    the newest of each object, and the Health of each environment
    inventory                     what is left of an environment, by complete lists
    syncer, pokes                 Argo CD and Flux, and how many annotations are set at once
    checkup                       what `ephemera check` wants to know
"""
