"""Ephemera's library for an environments repository: one folder of manifests for each environment, written as commits.

It never imports `app`, and knows neither GitHub nor a cluster: values go in, bytes and commits come out. Start reading
at `spec` (what an environment is), then `render` (its manifests), `check` (what those may be) and `publish` (how they
become commits); `syncs` makes the file by which Flux follows one, and `drift` tells what the branch holds. `naming`
makes the names that are allocated once; `errors` holds everything that is raised on purpose.
"""
