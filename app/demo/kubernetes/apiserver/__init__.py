"""The API server: Kubernetes' HTTP semantics over objects kept in memory.

It imports nothing of the rest of the simulator but the standard library. `kinds` is the table of what is served,
`store` the memory with its revisions, `verbs` the rules of writing, `listing` and `watching` those of reading, and
`site` the door through which every request comes. Start reading at `store`, then `verbs`.
"""
