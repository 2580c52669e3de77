#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every example that help and the manual pages show is run, in the order of the verb table."""
import os
import pathlib
import ssl
import subprocess

from cli import PROGRAM, case, main


POLICY = b"""format: 1
name: machines
version: 1
subject: machine
binding: channel
classes: [software]
platforms: any
platform_pcrs: any
not_after: 4000000000
"""
NOWHERE = "0" * 64  # the digest in examples stands for one that the reader has: there is none here


def prepare_broker(home):
    """What the examples of the broker's verbs speak of."""
    process, _ = home.serve("--dev")
    home.write("password.txt", b"hunter2")
    home.write("orders-next.yaml", POLICY)
    home.write("machine.yaml", POLICY)
    authority = (home / "state/bulla/tpm/authority.crt").read_bytes()
    home.write("vendor-ek-ca.pem", ssl.DER_cert_to_PEM_cert(authority).encode())
    return process


MANIFEST = b"""bulla: 1
name: app
product: app
version: 1
signer: signer.pub
image: { files: [/usr/bin/env] }
entry: [/usr/bin/env]
resources: { memory: 64M, cpus: 1, pids: 16, open_files: 64 }
"""


def prepare_enclave(home):
    """What the examples of enclaves speak of; a program that does nothing stands for the agent."""
    home.write("bulla.yaml", MANIFEST)
    home.write("bulla-agent", pathlib.Path("/usr/bin/true").read_bytes())
    home.write("signer.pub", home.bulla("key", "generate", "--kind", "ed25519", "-o", "signer.key").ok().out)


def prepare_boot(home):
    """Who signs boot states, and a TPM elsewhere."""
    home.write("boot.pem", subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"],
                                          capture_output=True, check=True).stdout)
    home.bulla("key", "tpm-public", "-o", "machine.tpm").ok()


def serves(home, example):
    """The example of a server, on a free port and with a state of its own: it serves, and ends."""
    words = example.split()[2:]
    kept = [word for before, word in zip([None, *words], words)
            if word not in ("--listen", "--state") and before not in ("--listen", "--state")]
    state = home / f"example-{len(words)}"
    process, _ = home.serve(*kept, "--state", state, "--admin-key", f"{state}.admin",
                            "--recovery", f"{state}.recovery", "--address-file", f"{state}.address")
    home.stop(process)


@case
def every_example_works(home):
    home.write("notes.txt", b"notes")
    os.symlink(PROGRAM, home / "bulla")
    home.environment["PATH"] = f"{home.path}:{home.environment['PATH']}"
    home.bulla("key", "generate", "-o", "first.key").ok()
    described = home.bulla("help", "--json").ok().json["verbs"]
    home.write("alice.pub", home.bulla("key", "generate", "-o", "other.key").ok().out)
    prepare_boot(home)
    prepare_broker(home)
    prepare_enclave(home)
    count = 0
    for verb in described:
        assert verb["examples"], verb["name"]
        for example in verb["examples"]:
            count += 1
            if verb["name"] == "serve":
                serves(home, example)
                continue
            if verb["name"] == "audit verify":
                for part in ("log", "head"):
                    home.write(f"audit.{part}",
                               (home / f"state/bulla/broker/audit.{part}").read_bytes())
            if verb["name"] == "up":
                example += " --agent bulla-agent"  # nothing is installed here
            run = subprocess.run(["sh", "-euc", example], cwd=home.path, env=home.environment,
                                 capture_output=True, timeout=60, check=False)
            expected = 13 if NOWHERE in example and "promote" not in example else 0
            if verb["name"] in ("up", "enclave run"):  # its agent says nothing; or no enclave can be here
                ran = run.returncode != 10
                expected = 1 if ran else 10
            elif verb["name"] in ("down", "enclave stop"):
                expected = 13  # it has ended
            elif verb["name"] in ("policy learn", "policy replay", "verify") or verb["name"].startswith("collateral"):
                expected = 13  # nobody here quoted anything, or fetched
            elif verb["name"] in ("slot rm", "slot rotate"):
                expected = 13  # an id that no blob here has
            elif verb["name"] == "enclave logs":
                expected = 0 if ran else 13
            assert run.returncode == expected, (example, run)
            if verb["name"] == "down":  # the verbs that follow make files of these names themselves
                for made in ("app.bimg", "app.id"):
                    (home / made).unlink(missing_ok=not ran)
    assert count >= len(described), count


main()
