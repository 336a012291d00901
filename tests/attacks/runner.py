"""The pytest side of the worker: starts it, asks it, and starts it again when it dies."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from .case import Case

__all__ = ["Worker"]

#: Seconds to wait for an answer, for each second of processor time that a run may take. Work ends by
#: that time, in the worker itself, however busy the machine is; this ends what waits for ever.
PATIENCE = 30


class Worker:
    """A process that runs cases. One answer per case is kept, for the tests that share it."""

    def __init__(self, tier: str = "inline") -> None:
        self.tier = tier
        self.answers: dict[str, dict[str, Any]] = {}
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.Queue[str] = queue.Queue()
        self.directory = tempfile.TemporaryDirectory()
        self.errors = tempfile.TemporaryFile("w+")  # closed with the worker

    def start(self) -> subprocess.Popen[str]:
        package = __package__ or "attacks"
        root = Path(__file__).resolve().parents[package.count(".") + 1]
        path = os.pathsep.join([*(part or os.getcwd() for part in sys.path), str(root)])
        process = subprocess.Popen(  # noqa: S603  # our own worker
            [sys.executable, "-X", "utf8", "-m", f"{package}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "CAPCOMPILER_TIER": self.tier},
            cwd=self.directory.name,
        )
        self.lines = lines = queue.Queue()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        self.process = process
        return process

    def ask(self, case: Case) -> dict[str, Any]:
        """What the worker says of a case; a dead or silent worker is a failure of both levels."""
        if case.id not in self.answers:
            process = self.process or self.start()
            assert process.stdin is not None
            at = self.errors.seek(0, os.SEEK_END)
            process.stdin.write(case.id + "\n")
            process.stdin.flush()
            try:
                line = self.lines.get(timeout=PATIENCE * case.wall)
            except queue.Empty:
                line = ""
            if line:
                self.answers[case.id] = json.loads(line)
            else:
                code = self.close_process()
                self.errors.seek(at)
                trouble = f"the worker died or hung: {self.errors.read()[-3000:]}"
                self.answers[case.id] = {
                    "levels": [[trouble], [trouble]],
                    "outcomes": ["dead", "dead"],
                    "seconds": [0, 0],
                    "differ": trouble,
                    "code": code,
                }
        return self.answers[case.id]

    def close_process(self) -> int | None:
        """Ends the process; the code that it had ended with of itself, negative for a signal."""
        process, self.process = self.process, None
        code = None
        if process is not None:
            try:
                code = process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        pass
        return code

    def close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.close_process()
        self.errors.close()
        self.directory.cleanup()
