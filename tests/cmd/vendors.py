# SPDX-License-Identifier: Apache-2.0
"""Vendors on paper: a source of collateral that answers as a case likes, and what is done with its answers.

Evidence and collateral (tests/collateral/paper_*.c) have roots of their own, and are good from 2027-01-01 to
2027-01-16. The arguments of the script: the program, paper_intel, paper_amd, faulty_bulla.
"""
import atexit
import http.server
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from cli import case

PAPER_INTEL, PAPER_AMD, FAULTY = map(os.path.abspath, sys.argv[2:5])
NOW = "2027-01-15T08:00:00Z"
LATER = "2027-01-16T00:00:00Z"  # the lists' next update
WORLD = pathlib.Path(tempfile.mkdtemp(prefix="bulla-collateral-"))
atexit.register(shutil.rmtree, WORLD)
subprocess.run([PAPER_INTEL, WORLD], check=True)
subprocess.run([PAPER_AMD, WORLD], check=True)

PATHS = {
    "/sgx/certification/v4/tcb": ("sgx.tcb_info", "TCB-Info-Issuer-Chain", "sgx.tcb_chain"),
    "/tdx/certification/v4/tcb": ("tdx.tcb_info", "TCB-Info-Issuer-Chain", "tdx.tcb_chain"),
    "/sgx/certification/v4/qe/identity":
        ("sgx.qe_identity", "SGX-Enclave-Identity-Issuer-Chain", "sgx.tcb_chain"),
    "/tdx/certification/v4/qe/identity":
        ("tdx.qe_identity", "SGX-Enclave-Identity-Issuer-Chain", "tdx.tcb_chain"),
    "/sgx/certification/v4/pckcrl": ("pck_crl.der", "SGX-PCK-CRL-Issuer-Chain", "pck_chain"),
    "/sgx/certification/v4/rootcacrl": ("root_crl.der", None, None),
    "/vcek/v1/Milan/cert_chain": ("cert_chain", None, None),
    "/vcek/v1/Milan/crl": ("crl.der", None, None),
}
TCB = "/sgx/certification/v4/tcb"


class Source:
    """A PCS and a KDS at once. `says` changes what one path answers: a function of the handler, or the
    name of another file."""

    def __init__(self, tls=None):
        source = self
        self.says, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                source.asked.append(self.path)
                path = self.path.split("?")[0]
                if path.startswith("/vcek/v1/Milan/") and len(path) > 100:
                    path = "/vcek"
                says = source.says.get(path)
                if callable(says):
                    says(self)
                else:
                    source.answer(self, path, says)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients hang up here
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @staticmethod
    def answer(handler, path, other=None):
        name, header, chain = PATHS.get(path, ("vcek.der", None, None))
        if path != "/vcek" and path not in PATHS:
            return send(handler, 404, b"")
        headers = {}
        if header:
            headers[header] = urllib.parse.quote((WORLD / chain).read_text())
        send(handler, 200, (WORLD / (other or name)).read_bytes(), headers)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, body, headers=None):
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def with_source(function):
    """A case with a source, plain on this machine."""
    def run(home):
        source = Source()
        try:
            function(home, source)
        finally:
            source.close()
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return case(run)


def fetch(home, source, *more, evidence="sgx.quote", at=NOW, root="root.der"):
    return home.bulla("collateral", "fetch", "--json", "--for", WORLD / evidence, "--source",
                      f"intel={source.url}", "--source", f"amd={source.url}", "--at", at,
                      "--root", WORLD / root, *([] if "--wait" in more else ["--wait", "0"]), *more)


def results(result):
    return {piece["name"]: piece for piece in result.json["pieces"]}


def make_bundle(home, *more, at=NOW, root="root.der"):
    if not (home.path / "bundle.key").exists():
        public = home.bulla("key", "generate", "--kind", "ed25519", "-o", home.path / "bundle.key").ok()
        (home.path / "bundle.pub").write_bytes(public.out)
    return home.bulla("collateral", "bundle", "--key", home.path / "bundle.key", "-o",
                      home.path / "b", "-f", "--at", at, "--root", WORLD / root, *more)


def verify(home, evidence, kind, *more, at=NOW, root="root.der"):
    return home.bulla("verify", "--json", "--kind", kind, "--at", at, "--anchor",
                      f"root={WORLD / root}", *more, WORLD / evidence)


def use_bundle(home):
    return ("--bundle", home.path / "b", "--bundle-key", home.path / "bundle.pub")
