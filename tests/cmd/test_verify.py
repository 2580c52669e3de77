#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla verify with a policy: what it permits, what it refuses, and how that is said."""
from cli import case, main
from evidence import Device, policy, policy_2

NONCE = bytes(range(32))


def verify(home, device, *options, nonce=NONCE, **token):
    home.write("token.cbor", device.token(NONCE, **token))
    return home.bulla("verify", "--kind", "psa", "--anchor", f"iak={device.iak}", "--input",
                      f"nonce={nonce.hex()}", *options, "token.cbor")


def checks(result):
    return {check["check"]: check for check in result.json["checks"]}


@case
def without_a_policy_the_baseline_decides(home):
    device = Device(home)
    accepted = verify(home, device, "--json")
    assert accepted.code == 0 and accepted.json["baseline"] == "accept", accepted
    assert "policy" not in accepted.json and "permitted" not in accepted.json
    assert accepted.json["identity"] == "not checked"
    refused = verify(home, device, "--json", lifecycle=0x2000)
    assert refused.code == 7 and refused.json["why"] == ["life cycle not secured"], refused


@case
def what_is_given_twice_is_refused(home):
    """Which of two nonces would count, or whether one is looked at at all, nobody could say."""
    device = Device(home)
    home.write("piece", b"x")
    verify(home, device, "--input", "nonce=" + "00" * 32).fails(2, "BL-0201")
    verify(home, device, "--input", "x=1", "--input", "x=1").fails(2, "BL-0201")
    verify(home, device, "--part", "chain=piece", "--part", "chain=piece").fails(2, "BL-0201")
    verify(home, device, "--part", "chain=piece", "--collateral", "chain=piece").fails(2, "BL-0201")
    assert verify(home, device, "--part", "chain=piece", "--part", "other=piece").code == 0
    assert verify(home, device, "--collateral", "crl=piece", "--collateral", "crl=piece").code == 0
    assert verify(home, device, nonce=b"").code == 9  # nothing carried, was asked for


@case
def the_policy_replaces_the_baseline(home):
    """Every check is there with what was found and expected, those too that passed."""
    device = Device(home)
    path = policy(home, device)
    result = verify(home, device, "--policy", path, "--json")
    assert result.code == 7, result
    out = result.json
    assert out["verdict"] == "ok" and out["baseline"] == "accept" and out["permitted"] is False
    assert out["tier"] == "contraindicated" and out["identity"] == "checked"
    assert out["policy"]["name"] == "meters" and out["policy"]["version"] == 7
    assert len(bytes.fromhex(out["policy"]["digest"])) == 32
    found = checks(result)
    for check in found.values():
        assert set(check) >= {"check", "passed", "found", "expected"}, check
        assert check["found"] is not None and check["expected"] is not None, check
    assert found["signer"]["passed"] and found["platform-id"]["passed"], found
    assert not found["product"]["passed"] and found["product"]["found"] == "absent", found


@case
def what_differs_is_found_and_expected(home):
    device = Device(home)
    path = policy(home, device, platform="33" * 33)
    found = checks(verify(home, device, "--policy", path, "--json"))["platform-id"]
    assert found["found"] == device.instance.hex() and found["expected"] == "33" * 33, found
    path = policy(home, device, not_after=1000)
    found = checks(verify(home, device, "--policy", path, "--json"))["policy-expiry"]
    assert not found["passed"] and found["expected"] == 1000, found


@case
def a_policy_of_format_2_permits(home):
    device = Device(home)
    result = verify(home, device, "--policy", policy_2(home, device), "--json").ok()
    assert result.json["permitted"] is True and result.json["tier"] == "warning", result.out  # no channel
    found = checks(result)
    assert all(check["passed"] for check in found.values()), found
    assert found["signer"]["note"] == "any" and found["signer"]["reason"] == "the code says who", found
    assert found["product"]["note"] == "absent", found
    page = verify(home, device, "--policy", "two.yaml").ok().text
    assert page.startswith("PERMITTED, with a warning: genuine, and policy \"meters\" version 8"), page
    refused = checks(verify(home, device, "--policy", "two.yaml", "--json", firmware=b"altered"))
    assert [name for name, check in refused.items() if not check["passed"]] == ["code"], refused


@case
def a_reference_that_expired_says_so(home):
    device = Device(home)
    path = policy_2(home, device, until="2020-01-01T00:00:00Z")
    found = checks(verify(home, device, "--policy", path, "--json"))["platform-id"]
    assert not found["passed"] and found["note"] == "expired" and found["reason"] == "enrolled", found
    assert found["until"] == "2020-01-01T00:00:00Z", found
    page = verify(home, device, "--policy", path).out.decode()
    assert "expired   2020-01-01T00:00:00Z" in page and "from      enrolled" in page, page
    assert verify(home, device, "--policy", path, "--at", "2019-12-31T00:00:00Z").code == 0


@case
def a_platform_that_was_revoked_is_refused(home):
    device = Device(home)
    revoked = f'[{{ value: "{device.instance.hex()}", from: "stolen in May" }}]'
    result = verify(home, device, "--policy", policy_2(home, device, revoked=revoked), "--json")
    found = checks(result)
    assert result.code == 7 and found["platform-id"]["passed"], found
    assert not found["platform-revoked"]["passed"], found
    assert found["platform-revoked"]["reason"] == "stolen in May", found


@case
def what_is_not_genuine_is_not_appraised(home):
    device = Device(home)
    result = verify(home, device, "--policy", policy(home, device), "--json", nonce=b"\x55" * 32)
    assert result.code == 9, result
    assert result.json["verdict"] == "fail" and result.json["failure"] == "nonce_mismatch"
    assert result.json["permitted"] is False and result.json["tier"] == "none", result.json
    assert result.json["checks"] == []


@case
def a_page_fits_a_terminal(home):
    device = Device(home)
    for options in ([], ["--policy", policy(home, device)]):
        page = verify(home, device, *options).out.decode()
        first = page.splitlines()[0]
        assert first.startswith("REFUSED: genuine") if options else first.startswith("ACCEPTED: genuine")
        for line in page.splitlines():
            assert len(line) <= 80, line
        for title in ["not checked", "next"] + (["checks"] if options else []):
            assert f"\n{title}\n" in page, (title, page)
    assert "\u2717 FAIL      product" in page and "\u2713 ok        signer" in page, page
    assert "found     absent" in page and "expected  meter" in page, page


@case
def a_policy_that_cannot_be_read_decides_nothing(home):
    device = Device(home)
    verify(home, device, "--policy", "nowhere.yaml").fails(13)
    home.write("empty.yaml", b"")
    assert verify(home, device, "--policy", "empty.yaml").fails(3)
    home.write("odd.yaml", b"format: 1\nname: odd\n")
    assert verify(home, device, "--policy", "odd.yaml", "--json").fails(3)


main()
