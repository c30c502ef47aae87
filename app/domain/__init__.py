"""The rules of Ephemera: values in, values out.

Nothing here does I/O, reads a clock or an environment variable, or imports a client library; only `gitops` values
are known. Start with `desire` (what should exist), then `health` and `status` (what does), then `report` (what we say).
"""
