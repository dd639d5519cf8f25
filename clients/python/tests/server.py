"""A real server for a test; RAPPORT names its program."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

PROGRAM = os.environ.get("RAPPORT", str(pathlib.Path(__file__).parent / "../../../target/debug/rapport"))


class Server:
    """Stopped and started again, it has the same address and the same record."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.address = "127.0.0.1:0"
        self.settings: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        flags = ["--listen", self.address, "--data-dir", self.directory.name]
        self.process = subprocess.Popen([PROGRAM, "serve", *flags], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **self.settings})
        for line in self.process.stderr:
            if found := re.search(r"serving address=(\S+)", line):
                self.address = found[1]
                return
        raise RuntimeError("the server ended before it served")

    def stop(self, end: int = signal.SIGTERM) -> None:
        self.process.send_signal(end)
        self.process.wait(timeout=20)
        self.process.stderr.close()

    def remove(self) -> None:
        if self.process.returncode is None:
            self.stop()
        self.directory.cleanup()

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def token(self, *flags: str) -> str:
        command = [PROGRAM, "token", "--role", "app", "--subject", "desk", "--data-dir", self.directory.name, *flags]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
