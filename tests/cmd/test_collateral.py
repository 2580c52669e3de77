# SPDX-License-Identifier: Apache-2.0
"""Collateral from a source into the cache, into a bundle, to a verdict."""
import subprocess
import sys
import time

from cli import case, main
from evidence import cbor
from vendors import FAULTY, LATER, NOW, Source, TCB, WORLD, fetch, make_bundle, results, send, use_bundle, verify, with_source


# -- from the source to the verdict ----------------------------------------------------------------

@with_source
def intel_from_source_to_verdict(home, source):
    for kind in ("sgx", "tdx"):
        got = results(fetch(home, source, evidence=f"{kind}.quote").ok())
        assert len(got) == 4, got
        assert got[f"intel/{kind}/tcb-info/00806f050000"]["evaluation_number"] == 17
        assert all(piece["good"] for piece in got.values()), got
    assert f"{TCB}?fmspc=00806f050000&update=standard" in source.asked, source.asked
    make_bundle(home).ok()
    seen = home.bulla("collateral", "verify", "--json", home.path / "b", "--anchor",
                      home.path / "bundle.pub", "--at", NOW, "--root", WORLD / "root.der").ok().json
    assert len(seen["pieces"]) == 6 and all(piece["good"] for piece in seen["pieces"]), seen
    for kind in ("sgx", "tdx"):
        for how in (use_bundle(home), ("--cached",)):
            verdict = verify(home, f"{kind}.quote", kind, *how).ok().json
            assert verdict["tcb_status"] == "UpToDate", verdict
            assert verdict["not_checked"] == [], verdict
    assert verify(home, "sgx.quote", "sgx").code == 7  # nothing given: not rated


@with_source
def what_evidence_brings_along_stands_behind_it(home, source):
    """A sender's list that is spoilt, or only older, takes the place of none that the operator has."""
    fetch(home, source).ok()
    make_bundle(home).ok()
    part = ["application/octet-stream", b"spoilt"]
    home.write("wrapped", cbor({"__cmwc_t": "tag:bulla.invalid,2026:evidence/1", "pck_crl": part, "tcb_info": part,
                                "evidence": ["application/vnd.bulla.sgx", (WORLD / "sgx.quote").read_bytes(), 4]}))
    for how in (use_bundle(home), ("--cached",)):
        verdict = home.bulla("verify", "--json", "--at", NOW, "--anchor", f"root={WORLD / 'root.der'}", *how,
                             "wrapped").ok().json
        assert verdict["tcb_status"] == "UpToDate" and verdict["not_checked"] == [], verdict


@with_source
def amd_from_source_to_verdict(home, source):
    got = results(fetch(home, source, evidence="milan3.report", root="ark.der").ok())
    assert sorted(got)[1:] == ["amd/milan/vcek-crl", sorted(got)[2]], got
    assert any("blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219" in path for path in source.asked), source.asked
    make_bundle(home, root="ark.der").ok()
    for how in (use_bundle(home), ("--cached",)):
        verdict = verify(home, "milan3.report", "snp", *how, root="ark.der").ok().json
        assert verdict["verdict"] == "ok" and verdict["not_checked"] == [], verdict


@with_source
def a_report_that_does_not_name_its_product(home, source):
    fetch(home, source, evidence="milan2.report", root="ark.der").fails(2)
    fetch(home, source, "--snp-product", "milan", evidence="milan2.report", root="ark.der").ok()
    assert home.bulla("verify", "--kind", "snp", "--at", NOW, "--anchor",
                      f"root={WORLD / 'ark.der'}", "--cached", WORLD / "milan2.report").code == 2
    verify(home, "milan2.report", "snp", "--cached", "--snp-product", "milan", root="ark.der").ok()


@with_source
def the_cache_spares_the_source(home, source):
    fetch(home, source).ok()
    asked = len(source.asked)
    again = results(fetch(home, source, at="2027-01-15T09:00:00Z").ok())
    assert len(source.asked) == asked and all(p["result"] == "fresh" for p in again.values()), again
    fetch(home, source, "--refresh").ok()
    assert len(source.asked) == 2 * asked
    # Half of the lists' day has gone by: those are asked for, the rest is not.
    half = results(fetch(home, source, at="2027-01-15T13:00:00Z").ok())
    assert half["intel/root-crl"]["result"] == "fetched", half
    # All that is kept, by itself.
    home.bulla("collateral", "fetch", "--refresh", "--source", f"intel={source.url}", "--at", NOW,
               "--root", WORLD / "root.der").ok()


# -- authorities of TPM keys -----------------------------------------------------------------------

def openssl(home, *args):
    subprocess.run(["openssl", *map(str, args)], cwd=home.path, check=True, capture_output=True)


def make_ak_certificate(home, url):
    """ak.pem <- middle.pem <- root.pem; the first two say where their issuer's and its list are."""
    home.write("db", b"")
    home.write("ca.cnf", b"""[ca]\ndefault_ca = here\n[here]\ndatabase = db\ndefault_md = sha256\n
crlnumber = number\n[list]\nauthorityKeyIdentifier = keyid\n""")
    home.write("number", b"01\n")
    openssl(home, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "root.key", "-out", "root.pem", "-subj", "/CN=Paper Root", "-days", "400")
    for name, issuer, extensions in [
        ("middle", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"),
        ("ak", "middle", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                         "extendedKeyUsage=2.23.133.8.3\n"),
    ]:
        extensions += "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        extensions += f"authorityInfoAccess=caIssuers;URI:{url}/{issuer}.crt\n"
        extensions += f"crlDistributionPoints=URI:{url}/{issuer}.crl\n"
        home.write(f"{name}.ext", extensions.encode())
        openssl(home, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN=Paper {name}")
        openssl(home, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey",
                f"{issuer}.key", "-out", f"{name}.pem", "-days", "300", "-extfile", f"{name}.ext")
        openssl(home, "ca", "-gencrl", "-config", "ca.cnf", "-crlexts", "list", "-cert", f"{issuer}.pem",
                "-keyfile", f"{issuer}.key", "-out", f"{issuer}.crl.pem", "-crldays", "30")
        openssl(home, "crl", "-in", f"{issuer}.crl.pem", "-outform", "DER", "-out", f"{issuer}.crl")
        openssl(home, "x509", "-in", f"{issuer}.pem", "-outform", "DER", "-out", f"{issuer}.crt")


@with_source
def issuers_that_certificates_name(home, source):
    make_ak_certificate(home, source.url)
    for name in ("root.crt", "root.crl", "middle.crt", "middle.crl"):
        content = (home / name).read_bytes()
        source.says[f"/{name}"] = lambda handler, content=content: send(handler, 200, content)
    ask = ("collateral", "fetch", "--json", "--for", home / "ak.pem", "--root", home / "root.pem")
    # A host that nobody listed is not asked, whatever a certificate says.
    refused = home.bulla(*ask)
    assert refused.code == 7 and source.asked == [], (refused, source.asked)
    got = results(home.bulla(*ask, "--host", f"127.0.0.1:{source.port}").ok())
    assert sorted(name.rsplit("/", 1)[1] for name in got) == [
        "middle.crl", "middle.crt", "root.crl", "root.crt"], got
    check = ("verify", "--json", "--kind", "tpm", "--anchor", f"root={home / 'root.pem'}")
    assert home.bulla(*check, home / "ak.pem").code == 8  # the issuer is not at hand
    verdict = home.bulla(*check, "--cached", "--input", "require_crl=true", home / "ak.pem").ok().json
    assert verdict["verdict"] == "ok" and verdict["not_checked"] == [], verdict
    make_bundle_of(home, "--root", home / "root.pem")
    home.bulla(*check, *use_bundle(home), "--input", "require_crl=true", home / "ak.pem").ok()


def make_bundle_of(home, *more):
    public = home.bulla("key", "generate", "--kind", "ed25519", "-o", home.path / "bundle.key").ok()
    (home.path / "bundle.pub").write_bytes(public.out)
    home.bulla("collateral", "bundle", "--key", home.path / "bundle.key", "-o", home.path / "b", *more).ok()


# -- numbers and issues do not go back -------------------------------------------------------------

@with_source
def an_older_evaluation(home, source):
    fetch(home, source).ok()
    source.says[TCB] = "older-sgx.tcb_info"
    result = fetch(home, source, "--refresh")
    piece = results(result)["intel/sgx/tcb-info/00806f050000"]
    assert result.code == 9 and piece["good"] and piece["evaluation_number"] == 17, piece
    assert (piece["found"], piece["expected"]) == (16, 17), piece
    # Told, it goes back; and what was remembered holds for bundles, too.
    source.says["/sgx/certification/v4/qe/identity"] = "older-sgx.qe_identity"
    fetch(home, source, "--refresh", "--allow-older").ok()
    make_bundle(home).ok()
    source.says[TCB] = "newer-sgx.tcb_info"
    source.says["/sgx/certification/v4/qe/identity"] = "newer-sgx.qe_identity"
    fetch(home, source, "--refresh").ok()
    verdict = verify(home, "sgx.quote", "sgx", *use_bundle(home))
    assert verdict.code == 9 and verdict.json["failure"] == "collateral_expired", verdict
    verify(home, "sgx.quote", "sgx", *use_bundle(home), "--input", "tcb_evaluation_floor=16").ok()
    verify(home, "sgx.quote", "sgx", "--cached").ok()


@with_source
def an_older_issue_does_not_replace_a_newer_one(home, source):
    fetch(home, source).ok()
    source.says[TCB] = "before-sgx.tcb_info"
    piece = results(fetch(home, source, "--refresh").ok())["intel/sgx/tcb-info/00806f050000"]
    assert piece["result"] == "newer" and piece["issued"].startswith("2027-01-01"), piece


@with_source
def a_new_list_revokes_what_was_good(home, source):
    fetch(home, source).ok()
    source.says["/sgx/certification/v4/rootcacrl"] = "revoked-root_crl.der"
    result = fetch(home, source, "--refresh")
    got = results(result)
    assert result.code == 9 and got["intel/root-crl"]["good"], got
    assert not got["intel/sgx/tcb-info/00806f050000"]["good"], got
    assert verify(home, "sgx.quote", "sgx", "--cached").code == 9


# -- TLS -------------------------------------------------------------------------------------------

def make_authority(home, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", home.path / "tls.key", "-out", home.path / "tls.pem", "-days",
                    "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={name}"],
                   check=True, capture_output=True)
    both = home.path / "tls.both"
    both.write_bytes((home.path / "tls.key").read_bytes() + (home.path / "tls.pem").read_bytes())
    return both


@case
def tls_is_always_verified(home):
    source = Source(tls=make_authority(home, "IP:127.0.0.1"))
    result = fetch(home, source)
    assert result.code == 11 and "certificate" in result.json["pieces"][0]["what"], result
    assert source.asked == [], source.asked
    fetch(home, source, "--source-ca", home.path / "tls.pem").ok()
    source.close()
    # A good authority, another name.
    other = Source(tls=make_authority(home, "DNS:pccs.example.org"))
    result = fetch(home, other, "--refresh", "--source-ca", home.path / "tls.pem")
    assert result.code == 11 and other.asked == [], result
    other.close()


@case
def plain_http_to_others_is_refused(home):
    home.bulla("collateral", "fetch", "--for", WORLD / "sgx.quote", "--source",
               "intel=http://pccs.example.org:8081").fails(2)


# -- staleness -------------------------------------------------------------------------------------

@with_source
def what_is_due_is_stale(home, source):
    fetch(home, source).ok()
    make_bundle(home).ok()
    judge = ("collateral", "verify", "--json", home.path / "b", "--anchor", home.path / "bundle.pub",
             "--root", WORLD / "root.der", "--at")
    early = home.bulla(*judge, "2027-01-15T23:59:59Z").ok().json
    assert early["alarms"] == 2, early  # both lists have two days left, or less
    late = home.bulla(*judge, LATER)
    assert late.code == 9 and late.json["alarms"] == 4, late.json  # and nothing stands without the root's
    home.bulla(*judge, LATER, "--grace", "1").ok()
    assert home.bulla(*judge, "2027-01-17T00:00:00Z", "--grace", "1").code == 9
    assert verify(home, "sgx.quote", "sgx", *use_bundle(home), at=LATER).code == 9
    verdict = verify(home, "sgx.quote", "sgx", *use_bundle(home), "--grace", "1", at=LATER).ok().json
    assert verdict["not_checked"] == ["news since collateral's next update was due"], verdict
    assert verify(home, "sgx.quote", "sgx", "--cached", at=LATER).code == 9
    # What is stale does not enter a bundle.
    bundle = make_bundle(home, at=LATER)
    assert bundle.code == 13, bundle


@with_source
def the_policy_says_how_late_collateral_may_be(home, source):
    fetch(home, source).ok()
    make_bundle(home).ok()
    home.bulla("policy", "learn", "--kind", "sgx", "--at", NOW, "--anchor", f"root={WORLD / 'root.der'}",
               *use_bundle(home), "-o", home.path / "p0", WORLD / "sgx.quote").ok()
    home.write("p2", (home.path / "p0").read_bytes().replace(b"collateral_grace: 0", b"collateral_grace: 2"))
    judge = lambda days, *more, at=LATER: verify(home, "sgx.quote", "sgx", *use_bundle(home), "--policy", home.path
                                                 / f"p{days}", "--input", "nonce=" + "da" * 64, *more, at=at)
    age = lambda out: [(c["passed"], c["found"], c["expected"]) for c in out.json["checks"]
                       if c["check"] == "collateral-age" and c["of"] == "days"]
    assert judge(0).code == 9 and age(judge(2, at=NOW)) == [(True, "none is late", 2)]
    late = judge(2).ok()
    assert age(late) == [(True, 1, 2)] and late.json["tier"] == "warning", late.json
    assert judge(2, at="2027-01-18T00:00:00Z").code == 9
    # Whoever calls may want less, and cannot have more.
    assert judge(2, "--grace", "0").code == 9 and age(judge(2, "--grace", "1").ok()) == [(True, 1, 2)]
    assert "collateral_grace" in judge(2, "--grace", "3").fails(2).err and judge(0, "--grace", "1").fails(2)


@with_source
def a_bundle_of_somebody_else(home, source):
    fetch(home, source).ok()
    make_bundle(home).ok()
    other = home.bulla("key", "generate", "--kind", "ed25519", "-o", home.path / "other.key").ok()
    home.bulla("collateral", "verify", home.path / "b", "--anchor", other.text.strip()).fails(8)
    verify(home, "sgx.quote", "sgx", "--bundle", home.path / "b", "--bundle-key",
           other.text.strip()).fails(8)
    verify(home, "sgx.quote", "sgx", "--bundle", home.path / "b").fails(2)
    data = bytearray((home.path / "b").read_bytes())
    data[len(data) // 2] ^= 1
    (home.path / "b").write_bytes(data)
    home.bulla("collateral", "verify", home.path / "b", "--anchor", home.path / "bundle.pub").fails(8)


@with_source
def a_bundle_adds_no_trust(home, source):
    fetch(home, source).ok()
    make_bundle(home).ok()
    judged = home.bulla("collateral", "verify", "--json", home.path / "b", "--anchor",
                        home.path / "bundle.pub", "--at", NOW)
    assert judged.code == 8 and not any(piece["good"] for piece in judged.json["pieces"]), judged.json
    verdict = home.bulla("verify", "--json", "--kind", "sgx", "--at", NOW, *use_bundle(home),
                         WORLD / "sgx.quote")
    assert verdict.code == 8 and verdict.json["failure"] == "wrong_root", verdict


@with_source
def what_is_given_by_hand_stays_alone(home, source):
    fetch(home, source).ok()
    verdict = verify(home, "sgx.quote", "sgx", "--cached", "--collateral",
                     f"tcb_info={WORLD / 'stale-sgx.tcb_info'}")
    assert verdict.code == 9, verdict


@with_source
def a_bundle_of_what_one_evidence_needs(home, source):
    fetch(home, source).ok()
    fetch(home, source, evidence="tdx.quote").ok()
    make_bundle(home, "--for", WORLD / "tdx.quote").ok()
    seen = home.bulla("collateral", "verify", "--json", home.path / "b", "--anchor",
                      home.path / "bundle.pub", "--at", NOW, "--root", WORLD / "root.der").ok().json
    assert sorted(piece["name"] for piece in seen["pieces"]) == [
        "intel/pck-crl/platform", "intel/root-crl", "intel/tdx/qe-identity",
        "intel/tdx/tcb-info/00806f050000"], seen
    make_bundle(home, "--fmspc", "00906ed50000").fails(13)


# -- the cache -------------------------------------------------------------------------------------

@with_source
def a_damaged_entry_is_noticed_and_mended(home, source):
    fetch(home, source).ok()
    for path in sorted((home.path / "cache/bulla/collateral").glob("*/*")):
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        assert home.bulla("collateral", "list", "--at", NOW, "--root", WORLD / "root.der").code == 4
        verify(home, "sgx.quote", "sgx", "--cached").fails(4, "BL-0410")
        fetch(home, source).ok()
        verify(home, "sgx.quote", "sgx", "--cached").ok()


@with_source
def two_fetchers_at_once(home, source):
    command = [sys.argv[1], "collateral", "fetch",
               "--refresh", "--for", str(WORLD / "sgx.quote"), "--source", f"intel={source.url}", "--at",
               NOW, "--root", str(WORLD / "root.der")]
    running = [subprocess.Popen(command, env=home.environment, stdout=subprocess.DEVNULL)
               for _ in range(6)]
    assert [process.wait() for process in running] == [0] * 6
    verify(home, "sgx.quote", "sgx", "--cached").ok()


@with_source
def a_fetcher_that_is_killed(home, source):
    fetch(home, source).ok()
    command = [sys.argv[1], "collateral", "fetch", "--refresh", "--for", str(WORLD / "sgx.quote"),
               "--source", f"intel={source.url}", "--at", NOW, "--root", str(WORLD / "root.der")]
    for i in range(30):
        process = subprocess.Popen(command, env=home.environment, stdout=subprocess.DEVNULL)
        time.sleep(0.004 * i)
        process.kill()
        process.wait()
        verify(home, "sgx.quote", "sgx", "--cached").ok()


def fails_each(home, kind, step, *command):
    """Let every step-th fault point of a kind fail in turn; the codes that this gave."""
    codes = []
    for n in range(1, 100000, step):
        run = subprocess.run([FAULTY, kind, str(n), "once", *map(str, command)], cwd=home.path,
                             env=home.environment, capture_output=True, timeout=60, check=False)
        if run.returncode == 99:
            return codes
        assert 0 <= run.returncode <= 14, (kind, n, run)
        verify(home, "sgx.quote", "sgx", "--cached").ok()
        codes.append(run.returncode)
    raise AssertionError("there is no end")


@with_source
def whatever_fails_the_cache_stays_whole(home, source):
    fetch(home, source).ok()
    make_bundle(home).ok()
    ask = ("collateral", "fetch", "--refresh", "--for", WORLD / "sgx.quote", "--source",
           f"intel={source.url}", "--at", NOW, "--root", WORLD / "root.der")
    assert len(fails_each(home, "file", 13, *ask)) > 5
    assert len(fails_each(home, "memory", 83, *ask)) > 5
    assert set(fails_each(home, "socket", 1, *ask)) == {10}
    look = ("collateral", "verify", home / "b", "--anchor", home / "bundle.pub", "--at", NOW, "--root",
            WORLD / "root.der")
    assert 0 not in fails_each(home, "memory", 17, *look)
    fetch(home, source, "--refresh").ok()
    assert home.leftovers() == []


@case
def nothing_cached_yet(home):
    home.bulla("collateral", "list").fails(13)
    home.bulla("collateral", "fetch").fails(13)
    verify(home, "sgx.quote", "sgx", "--cached").fails(13)
    assert not (home.path / "cache").exists()


main()
