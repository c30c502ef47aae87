"""Ephemera as a whole on a real Kubernetes with a real Argo CD or Flux: `make e2e`. Not part of `make test`.

The stack is `app.demo.real`; what people do on GitHub, and what must be true in the end, is that of `tests.scenarios`.
`realm` is what runs. Ephemera signs in with the ServiceAccount that `ephemera bootstrap` makes, and has no other right.
"""
