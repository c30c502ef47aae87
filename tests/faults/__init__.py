"""What happens when something is killed, lost or down. Each test ends with `tests.scenarios.oracle.assert_converged`.

The processes, PostgreSQL, Valkey and Git are the real ones; start reading in `test_workers_killed`.
"""
