"""What brings Git into the cluster: Argo CD's ApplicationSet and Applications, or Flux's sources and Kustomizations.

They import `apiserver` and the `loop` of `workloads`. Start reading at `mirror` (reading Git), `apply` (writing
objects), then `argocd` or `flux`.
"""
