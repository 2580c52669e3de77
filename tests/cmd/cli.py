# SPDX-License-Identifier: Apache-2.0
"""Drive the built program as a user does, each case in a home of its own; results as TAP.

    from cli import case, main

    @case
    def it_works(home):
        home.bulla("version").ok()

    main()

The first argument of the script is the program.
"""
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = os.path.abspath(sys.argv[1])
CASES = []


class Skip(Exception):
    """This machine cannot do it; the text says what is missing."""


class Result:
    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err.decode("utf-8", "strict")

    def __repr__(self):
        return f"bulla {' '.join(map(str, self.args))}: exit {self.code}, {len(self.out)} bytes\n{self.err}"

    def ok(self):
        assert self.code == 0, self
        return self

    def fails(self, code, cause=None):
        """Fails with this exit code; says so in three lines; nothing on standard output."""
        assert self.code == code, self
        assert self.out == b"", ("output despite failure", self)
        if "--json" in self.args:
            error = json.loads(self.err)["error"]
            assert error["exit_code"] == code, self
            assert cause is None or error["id"] == cause, self
            return self
        lines = [line for line in self.err.splitlines() if " note: " not in line]
        lines = lines[-3:]
        assert len(lines) == 3 and lines[0].startswith("bulla: "), self
        assert lines[1].startswith("  ") and lines[2].startswith("  next: "), self
        assert f"(BL-{code:02d}" in lines[0], self
        assert cause is None or f"({cause})" in lines[0], self
        return self

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def text(self):
        return self.out.decode()


class Home:
    """A directory that is the whole world of one case."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.environment = {"HOME": str(self.path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                            "XDG_STATE_HOME": str(self.path / "state"),
                            "XDG_CONFIG_HOME": str(self.path / "config"),
                            "XDG_CACHE_HOME": str(self.path / "cache"),
                            "XDG_RUNTIME_DIR": str(self.path / "run")}
        self.processes = []

    def __truediv__(self, name):
        return self.path / name

    def bulla(self, *args, stdin=b"", program=None, timeout=60, **options):
        run = subprocess.run([program or PROGRAM, *map(str, args)], input=stdin, cwd=self.path,
                             env=self.environment, capture_output=True, timeout=timeout, check=False,
                             **options)
        return Result(args, run.returncode, run.stdout, run.stderr)

    def start(self, *args, **options):
        process = subprocess.Popen([PROGRAM, *map(str, args)], cwd=self.path, env=self.environment,
                                   **options)
        self.processes.append(process)
        return process

    def write(self, name, content, mode=0o600):
        path = self / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def serve(self, *options):
        """A broker of this home on a free port; its words once it serves."""
        process = self.start("serve", "--json", "--listen", "127.0.0.1:0", *options,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = process.stdout.readline()
        assert line, (process.wait(), process.stderr.read())
        return process, json.loads(line)

    def stop(self, process):
        """End a broker as an operator does."""
        process.terminate()
        assert process.wait(timeout=30) == 0, process.stderr.read()

    def leftovers(self):
        """Temporary files that a command should have removed."""
        return [str(p) for p in self.path.rglob("*") if p.name.startswith(".bulla-")]

    def sealed(self, content=b"s3cret", name="demo", output="demo.bulla", *options):
        """A blob that this home's embedded TPM opens, and recovery.key opens."""
        self.bulla("seal", "--name", name, "--recovery", "recovery.key", "-o", output, *options,
                   stdin=content).ok()
        return self / output

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


class EmulatedTpm:
    """swtpm on a Unix socket that takes raw commands; PCRs that can be extended."""

    def __init__(self, home):
        if shutil.which("swtpm") is None:
            raise Skip("swtpm is not installed")
        self.home = home
        self.socket = home / "swtpm.sock"
        state = home / "swtpm"
        state.mkdir()
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server",
             f"type=unixio,path={self.socket}", "--ctrl", f"type=unixio,path={self.socket}.ctrl",
             "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        home.processes.append(self.process)
        for _ in range(500):
            if self.is_listening():
                return
            time.sleep(0.01)
        raise AssertionError("swtpm did not start")

    def is_listening(self):
        """A bound socket has a name before anybody listens on it: connecting tells."""
        with socket.socket(socket.AF_UNIX) as peer:
            return peer.connect_ex(str(self.socket)) == 0

    def tool(self, *args):
        """One of tpm2-tools on this TPM."""
        if shutil.which(args[0]) is None:
            raise Skip(f"{args[0]} is not installed")
        environment = {**self.home.environment, "TPM2TOOLS_TCTI": f"swtpm:path={self.socket}"}
        run = subprocess.run(args, cwd=self.home.path, env=environment, check=False,
                             capture_output=True)
        assert run.returncode == 0, (args, run.stderr)

    def options(self):
        return "--tpm-socket", self.socket

    def extend(self, pcr, digest=b"\x11" * 32):
        """TPM2_PCR_Extend (Part 3, 22.2) with an empty password authorization."""
        body = struct.pack(">II", 0x182, pcr) + struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
        body += struct.pack(">IH", 1, 0x000B) + digest
        command = struct.pack(">HI", 0x8002, len(body) + 6) + body
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.socket))
            peer.sendall(command)
            answer = peer.recv(4096)
        assert struct.unpack(">HII", answer[:10])[2] == 0, answer


def needs_enclaves():
    """Skips where this machine can have none."""
    kernel = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"],
                            capture_output=True, check=False)
    if kernel.returncode != 0:
        raise Skip("user namespaces are forbidden here")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Skip("/dev/fuse cannot be opened")


def case(function):
    CASES.append(function)
    return function


def run_case(function):
    with tempfile.TemporaryDirectory(prefix="bulla-test-") as path:
        home = Home(path)
        try:
            function(home)
        finally:
            home.close()


def main():
    print(f"1..{len(CASES)}")
    failed = 0
    for number, function in enumerate(CASES, 1):
        name = function.__name__.replace("_", " ")
        try:
            run_case(function)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
        else:
            print(f"ok {number} - {name}")
        sys.stdout.flush()
    sys.exit(failed > 0)
