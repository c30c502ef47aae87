"""The stages: each reads at the edge, decides in the domain, and writes at the edge, level-triggered by a watermark.

May import the store, the ports, the domain and gitops; never a client library. In the order of one webhook: `decide`,
`publish`, `observe`, `report`; `sweep` finds whatever fell between them. `failing` is what all do about an error.
"""
