"""`make bench-e2e`: how long an author waits on a real cluster, and what a commit costs its syncer.

Start reading in `__main__`. `timeline` takes the times by watching the cluster; `ready` is P11, `cost` P12, and `peer`
is Argo CD's own pull request generator, fed by the same GitHub on the same cluster.
"""
