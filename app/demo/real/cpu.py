"""The processor time that a process and what it started have used: /proc/<pid>/stat, proc(5)."""

import os
from pathlib import Path

from app.demo.guard import session_members


def cpu_seconds(session: int) -> float:
    """User and system time of a session's living processes and of all children that they have waited for."""
    return sum(_seconds(pid) for pid in session_members(session))


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # It ended meanwhile; whoever waited for it counts its time.
        return 0.0
    # After the name in parentheses, `state` is the first field; utime, stime, cutime and cstime are 12th to 15th.
    fields = stat.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
