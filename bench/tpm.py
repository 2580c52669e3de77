#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What unsealing by a TPM costs, whole commands, beside the chain of tpm2-tools and systemd-creds.

All of them on one swtpm with a persistent storage root key and one PCR, by turns; medians of the rounds' ratios.
Before each command, outside of its time, what others left in the TPM is flushed. Usage: tpm.py BULLA
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BULLA = str(pathlib.Path(sys.argv[1]).resolve())
ROUNDS = 21
SECRET = b"0123456789abcdef0123456789abcdef"
NEEDED = ("swtpm", "tpm2_unseal", "openssl")
CREDS_LIMIT = 0.5
TOOLS_LIMIT = 0.4


class Bench:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.tcti = f"swtpm:path={path}/sock"
        self.environment = {**os.environ, "HOME": path, "XDG_STATE_HOME": path, "TPM2TOOLS_TCTI": self.tcti}
        (self.path / "state").mkdir()
        self.swtpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={path}/state", "--server", f"type=unixio,path={path}/sock",
             "--ctrl", f"type=unixio,path={path}/sock.ctrl", "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.path / "sock.ctrl").exists():
            time.sleep(0.01)
        time.sleep(0.2)

    def run(self, words, stdin=b"", may_fail=False):
        run = subprocess.run(words.split(), input=stdin, cwd=self.path, env=self.environment, capture_output=True,
                             check=False)
        if run.returncode != 0 and not may_fail:
            sys.exit(f"bench: {words}: {run.stderr.decode()}")
        return run

    def flush(self):
        for kind in ("-t", "-l", "-s"):
            self.run(f"tpm2_flushcontext {kind}", may_fail=True)

    def prepare(self):
        key = "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
        self.run(f"tpm2_createprimary -C o -g sha256 -G ecc -c srk.ctx -a {key}")
        self.run("tpm2_evictcontrol -C o -c srk.ctx 0x81000001")
        self.flush()
        self.run("openssl ecparam -name prime256v1 -genkey -noout -out boot.pem")
        (self.path / "boot.pem").chmod(0o600)
        self.run("openssl ec -in boot.pem -pubout -out boot.pub")
        self.run(f"{BULLA} boot predict --now 7 --tpm-socket sock --sign-key boot.pem -o states")
        self.run(f"{BULLA} seal --name x --no-recovery --bind pcr:7 --tpm-socket sock -o pcr.bulla", SECRET)
        self.run(f"{BULLA} seal --name x --no-recovery --bind signed:boot.pub --policy states --tpm-socket sock "
                 "-o signed.bulla", SECRET)
        (self.path / "secret").write_bytes(SECRET)
        self.run("tpm2_startauthsession -S trial.ctx")
        self.run("tpm2_policypcr -S trial.ctx -l sha256:7 -L policy")
        self.run("tpm2_create -C 0x81000001 -L policy -i secret -u object.pub -r object.priv -a fixedtpm|fixedparent")
        self.flush()

    def tools(self):
        self.run("tpm2_load -C 0x81000001 -u object.pub -r object.priv -c object.ctx")
        self.run("tpm2_startauthsession --policy-session -S session.ctx")
        self.run("tpm2_policypcr -S session.ctx -l sha256:7")
        self.run("tpm2_unseal -c object.ctx -p session:session.ctx")

    def jobs(self):
        jobs = {"pcr": lambda: self.run(f"{BULLA} unseal --tpm-socket sock pcr.bulla"),
                "signed": lambda: self.run(f"{BULLA} unseal --tpm-socket sock signed.bulla"),
                "tools": self.tools}
        made = shutil.which("systemd-creds") is not None and self.run(
            f"systemd-creds encrypt --name=x --with-key=tpm2 --tpm2-device={self.tcti} --tpm2-pcrs=7 secret x.cred",
            may_fail=True).returncode == 0
        if made:
            jobs["creds"] = lambda: self.run(f"systemd-creds decrypt --name=x --tpm2-device={self.tcti} x.cred -")
        else:
            print("skipped: systemd-creds is not here, or has no TPM")
        return jobs


def report(times):
    for ours in ("pcr", "signed"):
        for peer, limit in (("tools", TOOLS_LIMIT), ("creds", CREDS_LIMIT)):
            if peer not in times:
                continue
            ratio = statistics.median(a / b for a, b in zip(times[ours], times[peer]))
            name = f"bulla unseal ({ours}) / {peer} (ms)"
            print(f"{name:<44}{statistics.median(times[ours]):>8.1f}{statistics.median(times[peer]):>10.1f}"
                  f"{ratio:>9.2f}{limit:>7.2f}{'' if ratio <= limit else '  over'}")


def main():
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return
    with tempfile.TemporaryDirectory(prefix="bulla-bench-") as path:
        bench = Bench(path)
        try:
            bench.prepare()
            jobs = bench.jobs()
            times = {name: [] for name in jobs}
            for _ in range(ROUNDS):
                for name, job in jobs.items():
                    bench.flush()
                    start = time.monotonic()
                    job()
                    times[name].append((time.monotonic() - start) * 1000)
            report(times)
        finally:
            bench.swtpm.terminate()
            bench.swtpm.wait()


main()
