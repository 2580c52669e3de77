#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla policy: written, read, compared, as a user does it."""
from cli import case, main
from evidence import Device

NONCE = bytes(range(32))

KINDS = ["sgx", "tdx", "snp", "tpm", "nitro", "nitrotpm", "azure-snp", "azure-tdx", "cca", "psa", "nvidia", "optee"]


def new(home, kind, name="orders", path=None):
    path = path or f"{kind}.yaml"
    home.bulla("policy", "new", "--kind", kind, "--name", name, "-o", path).ok()
    return path


@case
def a_new_policy_is_complete_and_lets_nothing_pass(home):
    for kind in KINDS:
        out = home.bulla("policy", "check", new(home, kind), "--json").ok().json
        assert out["name"] == "orders" and out["format"] == 2 and len(out["digest"]) == 64, out
        assert any(finding["severity"] == "dead" for finding in out["findings"]), out
        text = (home / f"{kind}.yaml").read_text()
        for line in text.splitlines():
            assert len(line) <= 90, line
        assert text.count("\n# ") > 5, text


@case
def it_replaces_nothing_and_takes_no_odd_words(home):
    new(home, "snp")
    home.bulla("policy", "new", "--kind", "snp", "-o", "snp.yaml").fails(1)
    home.bulla("policy", "new", "--kind", "abacus").fails(2)
    home.bulla("policy", "new").fails(2)
    home.bulla("policy", "new", "--kind", "tpm", "--subject", "desk").fails(2)
    home.bulla("policy", "new", "--kind", "tpm", "--name", "x" * 65).fails(2)
    machine = home.bulla("policy", "new", "--kind", "tpm", "--subject", "machine").ok().text
    assert "subject: machine" in machine and "codes:" not in machine


@case
def check_says_what_is_weak(home):
    text = (home / new(home, "snp")).read_text()
    home.write("weak.yaml", text.replace("platforms: []", 'platforms: { any: "a test \u202e" }', 1).encode())
    page = home.bulla("policy", "check", "weak.yaml").ok().text
    assert "! weak  platforms" in page and "any: nothing is compared" in page, page
    assert "\u202e" not in page and "a test" in page, page
    for line in page.splitlines():
        assert len(line) <= 80, line


@case
def what_need_not_be_said_is_seen(home):
    text = (home / new(home, "tdx")).read_text()
    assert "\ncollateral_grace: 0\n" in text and "\ntdx_modules: []\n" in text and "\nservice_tds: []\n" in text
    assert "\nlaunch_mitigations: []\n" in (home / new(home, "snp")).read_text()
    check = lambda path: home.bulla("policy", "check", path).ok().text
    home.write("few.yaml", text.replace("\ncollateral_grace: 0\n", "\ncollateral_grace: 8\n")
               .replace("\ntdx_modules: []\n", "\n").encode())
    assert "\u2717 dead  tdx_modules" in check("tdx.yaml") and "collateral_grace" not in check("tdx.yaml")
    page = check("few.yaml")
    assert "- note  tdx_modules" in page and "! weak  collateral_grace" in page, page
    home.write("less.yaml", (home / "few.yaml").read_bytes().replace(b"collateral_grace: 8", b"collateral_grace: 7"))
    assert "- note  collateral_grace" in check("less.yaml")
    page = home.bulla("policy", "diff", "few.yaml", "less.yaml").ok().text
    assert "collateral_grace         accepts up to 8 days" in page, page
    page = home.bulla("policy", "diff", "few.yaml", "tdx.yaml").ok().text
    assert "tdx_modules              accepts any" in page, page


@case
def a_policy_that_has_ended_is_stale(home):
    text = (home / new(home, "nvidia")).read_text()
    lines = ['not_after: "2020-01-01T00:00:00Z"' if line.startswith("not_after:") else line
             for line in text.splitlines()]
    home.write("ended.yaml", "\n".join(lines).encode())
    result = home.bulla("policy", "check", "ended.yaml", "--json")
    assert result.code == 9, result
    assert {"severity": "dead", "field": "not_after", "what": "has ended",
            "ends": "2020-01-01T00:00:00Z"} in result.json["findings"], result.out


@case
def what_is_no_policy_is_refused_at_its_line(home):
    text = (home / new(home, "snp")).read_text()
    home.write("odd.yaml", text.replace("migratable: false", "migratable: perhaps").encode())
    result = home.bulla("policy", "check", "odd.yaml").fails(3)
    line = 1 + text[:text.index("migratable: false")].count("\n")
    assert f"line {line}" in result.err or f"byte {line}" in result.err, result.err
    home.bulla("policy", "check", "nowhere.yaml").fails(13)


@case
def diff_says_what_each_permits(home):
    a = new(home, "snp", path="a.yaml")
    text = (home / a).read_text()
    same = home.bulla("policy", "diff", a, a).ok().text
    assert "both permit the same" in same, same
    home.write("b.yaml", text.replace('classes: ["hardware"]', 'classes: ["hardware", "software"]')
               .replace("guest_policy_required: []", 'guest_policy_required: ["single_socket"]').encode())
    out = home.bulla("policy", "diff", a, "b.yaml", "--json").ok().json
    assert [(d["permits"], d["field"], d["what"]) for d in out["differences"]] == [
        ("b", "classes", "accepts software"),
        ("a", "guest_policy_required", "does not demand single_socket")], out
    page = home.bulla("policy", "diff", a, "b.yaml").ok().text
    assert "A permits what B does not\n  guest_policy_required" in page, page
    assert "B permits what A does not\n  classes" in page, page
    assert "each permits something that the other does not" in page, page
    home.write("c.yaml", text.replace('classes: ["hardware"]', "classes: []").encode())
    assert "B is stricter than A" in home.bulla("policy", "diff", a, "c.yaml").ok().text
    assert "B is more permissive than A" in home.bulla("policy", "diff", "c.yaml", a).ok().text


@case
def learn_makes_a_policy_from_genuine_evidence(home):
    device = Device(home)
    home.write("token.cbor", device.token(NONCE))
    evidence = ["--kind", "psa", "--anchor", f"iak={device.iak}", "--input", f"nonce={NONCE.hex()}"]
    learned = home.bulla("policy", "learn", *evidence, "--name", "meters", "-o", "learned.yaml", "token.cbor").ok()
    assert learned.err == "", learned.err
    text = (home / "learned.yaml").read_text()
    assert text.count("learned from token.cbor on 20") >= 3 and device.instance.hex() in text, text
    home.bulla("verify", *evidence, "--policy", "learned.yaml", "token.cbor").ok()
    home.write("other.cbor", device.token(NONCE, firmware=b"firmware 2"))
    assert home.bulla("verify", *evidence, "--policy", "learned.yaml", "other.cbor").code == 7
    later = ["--at", "2200-01-01T00:00:00Z"]
    assert home.bulla("verify", *evidence, *later, "--policy", "learned.yaml", "token.cbor").code == 7
    strict = home.bulla("policy", "learn", *evidence, "--binding", "channel", "token.cbor").ok().text
    assert "binding: channel" in strict


@case
def learn_refuses_what_nobody_should_trust(home):
    device = Device(home)
    evidence = ["--kind", "psa", "--anchor", f"iak={device.iak}"]
    for lifecycle in (0x2000, 0x4000, 0x5000, 0x6000):  # not secured, debug, debug of the root, decommissioned
        home.write("token.cbor", device.token(NONCE, lifecycle=lifecycle))
        home.bulla("policy", "learn", *evidence, "token.cbor").fails(7)
    home.write("token.cbor", device.token(NONCE))
    home.bulla("policy", "learn", *evidence, "--class", "software", "token.cbor").fails(7)
    home.bulla("policy", "learn", *evidence, "--class", "gold", "token.cbor").fails(2)
    home.bulla("policy", "learn", *evidence, "--input", "nonce=00ff", "token.cbor").fails(9)
    stranger = Device(home, "stranger")
    home.bulla("policy", "learn", "--kind", "psa", "--anchor", f"iak={stranger.iak}", "token.cbor").fails(8)


RECORD = """recorded: 1
kind: psa
at: "2026-11-22T04:00:00Z"
binding: channel
evidence: {evidence}
anchors: {{ iak: ../device.pem }}
inputs: {{ nonce: "{nonce}" }}
"""


def record(home, name, token, nonce=NONCE):
    (home / "records" / "more").mkdir(parents=True, exist_ok=True)
    home.write(f"records/{name}.cbor", token)
    home.write(f"records/{name}.record.yaml", RECORD.format(evidence=f"{name}.cbor", nonce=nonce.hex()).encode())


def replay(home, *options):
    return home.bulla("policy", "replay", *options, "records")


@case
def replay_shows_what_would_change_and_for_whom(home):
    device = Device(home)
    for number in (1, 2):
        record(home, f"meter-{number}", device.token(NONCE, firmware=b"firmware %d" % number))
        home.bulla("policy", "learn", "--kind", "psa", "--anchor", f"iak={device.iak}", "--binding", "channel",
                   "-o", f"only-{number}.yaml", f"records/meter-{number}.cbor").ok()
    home.write("records/notes.yaml", b"not: a record")  # the user's own folder
    home.write("records/.hidden.record.yaml", b"neither")
    result = replay(home, "--policy", "only-2.yaml", "--against", "only-1.yaml", "--json")
    assert result.code == 7, result
    out = result.json
    assert [r["change"] for r in out["records"]] == ["newly refused", "newly permitted"], out
    assert out["records"][0]["refused_by"] == ["code"] and out["records"][1]["refused_by"] == [], out
    assert all(r["platform"] == device.instance.hex() for r in out["records"]), out
    assert out["counts"]["newly refused"] == 1 and out["counts"]["not genuine"] == 0, out
    page = replay(home, "--policy", "only-2.yaml", "--against", "only-1.yaml").out.decode()
    assert "newly refused    records/meter-1.record.yaml" in page and "code: found" in page, page
    assert "2 records:" in page, page
    for line in page.splitlines():
        assert len(line) <= 80, line
    same = replay(home, "--policy", "only-1.yaml", "--against", "only-1.yaml", "--json").ok().json
    assert [r["change"] for r in same["records"]] == ["still permitted", "still refused"], same
    alone = replay(home, "--policy", "only-1.yaml", "--json")
    assert alone.code == 7 and alone.json["records"][1]["change"] == "newly refused", alone


@case
def replay_appraises_as_of_now(home):
    device = Device(home)
    record(home, "meter", device.token(NONCE))
    home.bulla("policy", "learn", "--kind", "psa", "--anchor", f"iak={device.iak}", "--binding", "channel", "-o",
               "policy.yaml", "records/meter.cbor").ok()
    replay(home, "--policy", "policy.yaml").ok()
    late = replay(home, "--policy", "policy.yaml", "--at", "2200-01-01T00:00:00Z", "--json")
    assert late.code == 7 and "policy-expiry" in late.json["records"][0]["refused_by"], late


@case
def replay_believes_no_record(home):
    device = Device(home)
    record(home, "meter", device.token(NONCE), nonce=b"\x55" * 32)
    home.bulla("policy", "new", "--kind", "psa", "-o", "policy.yaml").ok()
    out = replay(home, "--policy", "policy.yaml", "--json").ok().json
    assert out["records"][0]["change"] == "not genuine", out


@case
def records_that_cannot_be_read_end_the_replay(home):
    device = Device(home)
    home.bulla("policy", "new", "--kind", "psa", "-o", "policy.yaml").ok()
    record(home, "meter", device.token(NONCE))
    good = (home / "records/meter.record.yaml").read_text()
    for old, new, code in (("recorded: 1", "recorded: 2", 3), ("binding: channel\n", "", 3), ("psa", "abacus", 3),
                           ("meter.cbor", "gone.cbor", 13), ("binding: channel", "binding: any", 3),
                           ("recorded: 1", "recorded: 1\nmore: 1", 3)):
        home.write("records/meter.record.yaml", good.replace(old, new).encode())
        replay(home, "--policy", "policy.yaml").fails(code)
    (home / "empty").mkdir()
    home.bulla("policy", "replay", "--policy", "policy.yaml", "empty").fails(13)
    home.bulla("policy", "replay", "records").fails(2)


main()
