"""PostgreSQL: the models, every query, the locks and the migrations.

May import the domain and gitops. The modules follow the stages: `asking`, `deciding`, `publishing`, `observing`,
`reporting`, `sweeping`. `clusters` and `leading` tell who follows which cluster; `rows` turns a row into the domain's
`Environment` and settles what follows from a change. Start with `models`, then `asking`.
"""
