#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla policy: written, read, compared, as a user does it."""
from cli import case, main

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


main()
