import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hexcoder.processes import child, run, worker_pool

COMMAND = '["sh", "-c", "sleep 1000 & sleep 0.5; echo $! > $0; wait", sys.argv[1]]'
PARENT = f"import sys; from hexcoder.processes import run; run({COMMAND})"
COCOTB = (
    "import sys; from tb.rtl.protocol import _PortsOnly; "
    f"r = _PortsOnly(); r.env = {{}}; r._execute_cmds([{COMMAND}], '.')"
)


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(condition, limit_s: float = 20.0) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        (PARENT, signal.SIGINT),
        (PARENT, signal.SIGTERM),
        (PARENT, signal.SIGKILL),
        (COCOTB, signal.SIGKILL),
    ],
)
def test_no_grandchild_outlives_us(tmp_path, program, ending):
    pid_file = tmp_path / "pid"
    # A shell starts what it runs in the background with interrupts ignored, and that is inherited.
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(pid_file)],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert _wait_for(lambda: pid_file.is_file() and pid_file.read_text().strip())
    grandchild = int(pid_file.read_text())
    assert _running(grandchild)
    parent.send_signal(ending)
    parent.communicate(timeout=20)
    assert _wait_for(lambda: not _running(grandchild))


def test_a_time_limit_leaves_nothing_running(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", "echo $$ > $0; sleep 1000", str(pid_file)], timeout_s=0.5)
    assert not _running(int(pid_file.read_text()))


def test_output_and_status_are_returned():
    done = run(["sh", "-c", "cat; echo wrong >&2; exit 3"], input="given\n")
    assert (done.returncode, done.stdout) == (3, "given\nwrong\n")


def test_a_program_is_gone_when_its_block_is_left():
    with pytest.raises(RuntimeError), child(["sleep", "1000"]) as process:
        raise RuntimeError
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_workers_of_a_pool_begin_with_what_they_are_given():
    with worker_pool(1, os.umask, 0o027) as pool:
        assert pool.submit(os.umask, 0).result() == 0o027
