# SPDX-License-Identifier: Apache-2.0
"""Sources of collateral that answer wrongly, late or not at all: nothing of it is kept."""
import json
import time
import urllib.parse

from cli import main
from vendors import NOW, Source, TCB, WORLD, fetch, results, send, verify, with_source


def refused_answer(says, code, name="intel/sgx/tcb-info/00806f050000", path=TCB):
    """Nothing of such an answer enters the cache, and what is there already stays."""
    def run(home, source):
        source.says[path] = says
        result = fetch(home, source)
        assert result.code == code, (result, results(result))
        piece = results(result)[name]
        assert piece["result"] == "failed" and not piece["good"], piece
        listed = home.bulla("collateral", "list", "--json", "--at", NOW, "--root", WORLD / "root.der")
        assert name not in [p["name"] for p in listed.json["pieces"]], listed.json
        # The same on top of a good one.
        del source.says[path]
        fetch(home, source, "--refresh").ok()
        source.says[path] = says
        result = fetch(home, source, "--refresh")
        assert result.code == code, result
        assert results(result)[name]["good"], result.json
        verify(home, "sgx.quote", "sgx", "--cached").ok()
    return run


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.5)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    except OSError:
        handler.close_connection = True


def too_long(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    handler.close_connection = True


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"tcbInfo":')
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


def twice(handler):
    body = (WORLD / "sgx.tcb_info").read_bytes()
    chain = urllib.parse.quote((WORLD / "sgx.tcb_chain").read_text())
    handler.send_response(200)
    handler.send_header("TCB-Info-Issuer-Chain", chain)
    handler.send_header("tcb-info-issuer-chain", chain)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def with_header(value):
    def run(handler):
        send(handler, 200, (WORLD / "sgx.tcb_info").read_bytes(),
             {} if value is None else {"TCB-Info-Issuer-Chain": value})
    return run


def status(code, headers=None, body=b"x"):
    return lambda handler: send(handler, code, body, headers)


for name, says, code in [
    ("stale", "stale-sgx.tcb_info", 9),
    ("issued_later", "early-sgx.tcb_info", 9),
    ("altered", "unsigned-sgx.tcb_info", 8),
    ("of_another_fmspc", "elsewhere-sgx.tcb_info", 8),
    ("of_another_tee", "tdx.tcb_info", 8),
    ("another_document", "sgx.qe_identity", 3),
    ("empty", status(200, body=b""), 3),
    ("no_document", status(200, body=b"hello"), 3),
    ("a_web_page", status(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"), 11),
    ("gone", status(410), 13),
    ("broken", status(500), 11),
    ("denied", status(403), 11),
    ("no_content", status(204, body=b""), 11),
    ("endless", endless, 3),
    ("too_long", too_long, 3),
    ("cut_in_the_middle", cut, 11),
    ("hung_up", hang_up, 11),
    ("header_twice", twice, 11),
    ("header_missing", with_header(None), 3),
    ("header_not_a_chain", with_header("-----BEGIN%20CERTIFICATE-----"), 3),
    ("header_not_in_its_coding", with_header("%zz"), 3),
    ("header_too_large", with_header("x" * 40000), 3),
    ("header_with_a_private_key",
     with_header(urllib.parse.quote("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")), 3),
]:
    function = refused_answer(says, code)
    function.__name__ = f"answer_{name}"
    with_source(function)


@with_source
def a_redirect_is_not_followed(home, source):
    elsewhere = Source()
    source.says[TCB] = status(302, {"Location": elsewhere.url + TCB})
    result = fetch(home, source)
    assert result.code == 11 and elsewhere.asked == [], (result, elsewhere.asked)
    elsewhere.close()


@with_source
def a_slow_drip_ends(home, source):
    source.says[TCB] = drip
    begin = time.monotonic()
    result = fetch(home, source, "--timeout", "2")
    assert result.code == 14 and 2 <= time.monotonic() - begin < 15, result
    assert results(result)["intel/sgx/qe-identity"]["good"], result.json


@with_source
def what_is_not_there_is_not_asked_for_again(home, source):
    source.says["/vcek"] = status(404)
    assert fetch(home, source, evidence="milan3.report", root="ark.der").code == 13
    asked = len(source.asked)
    assert fetch(home, source, evidence="milan3.report", root="ark.der").code == 13
    assert len(source.asked) == asked, source.asked
    del source.says["/vcek"]
    fetch(home, source, "--refresh", evidence="milan3.report", root="ark.der").ok()


@with_source
def a_source_that_wants_us_to_wait(home, source):
    times = []

    def busy_once(handler):
        times.append(time.monotonic())
        if len(times) == 1:
            return send(handler, 429, b"", {"Retry-After": "1"})
        return source.answer(handler, "/vcek")

    source.says["/vcek"] = busy_once
    fetch(home, source, "--wait", "5", evidence="milan3.report", root="ark.der").ok()
    assert len(times) == 2 and times[1] - times[0] >= 1, times


@with_source
def a_source_that_always_wants_us_to_wait_is_left_alone(home, source):
    source.says["/vcek"] = status(429, {"Retry-After": "86400000000000000000000"})
    assert fetch(home, source, "--wait", "3", evidence="milan3.report", root="ark.der").code == 11
    asked = [path for path in source.asked if len(path) > 100]
    assert len(asked) == 1, asked
    count = len(source.asked)
    result = fetch(home, source, "--refresh", evidence="milan3.report", root="ark.der")
    assert result.code == 11 and len(source.asked) == count, source.asked
    assert results(result)["amd/milan/vcek-chain"]["good"], result.json


@with_source
def the_reason_is_told_and_not_what_follows_from_it(home, source):
    source.says["/sgx/certification/v4/rootcacrl"] = status(503)
    result = fetch(home, source)
    assert result.code == 11 and json.loads(result.err)["error"]["id"] == "BL-1103", result


main()
