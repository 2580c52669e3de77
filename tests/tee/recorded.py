#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold `bulla verify` and `bulla inspect` against evidence that real hardware made, with outcomes.

The folder is the one that BULLA_VECTORS names, or shared/vectors beside the project; its
MANIFEST.json says what each case is called with and what must come out. Without it this is skipped.

Usage: recorded.py PROGRAM BESIDE [KIND...]    results as TAP, one case a kind
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

PIECES = {"signature", "pcrs", "event_log", "tpm_quote", "tpm_signature", "runtime_data", "td_quote",
          "quote"}
TRUSTED = {"iak", "cpak", "ak_pub", "ak_tpmt_public"}
# Several checks can fail at once: which one is told is free within a group.
NEIGHBOURS = [
    {"malformed", "malformed_certificate", "invalid_key", "invalid_claim", "missing_claim",
     "missing_alg", "unsupported", "unsupported_cert_data", "unsupported_cose_mac0"},
    {"chain", "wrong_root", "revoked", "crl_missing", "crl_issuer_mismatch", "certificate_expired",
     "not_yet_valid", "collateral_expired"},
    {"report_signature", "quote_signature", "cose_signature", "collateral_signature", "binding",
     "ak_mismatch", "hwid_mismatch", "tcb_extension_mismatch"},
    {"tcb_not_supported", "fmspc_mismatch", "pceid_mismatch", "tcb_info_tee_mismatch",
     "qe_identity_mismatch", "tdx_module_mismatch"},
    {"pcr_mismatch", "log_replay", "duplicate_separator"},
    {"nonce_mismatch"},
]
UNSIGNED_KINDS = {"tcbjson", "x509", "ccel"}
UNSIGNED_CASES = {"replay", "digests", "parse"}
STATUSES = ("tcb_status", "platform_tcb_status", "qe_status", "tdx_module_status")


def is_unsigned(kind, case):
    return kind in UNSIGNED_KINDS or case["id"].rpartition("@")[2] in UNSIGNED_CASES


def arguments(folder, row, case):
    """The command line of a case, without the program."""
    kind = row["kind"]
    line = ["inspect" if is_unsigned(kind, case) else "verify", "--json", "--kind", kind]
    if case.get("time"):
        line += ["--at", case["time"]]
    for role, files in (case.get("collateral") or {}).items():
        trusted = role in TRUSTED or (kind, role) == ("x509", "root")
        option = "--anchor" if trusted else "--part" if role in PIECES else "--collateral"
        for file in [files] if isinstance(files, str) else files:
            line += [option, f"{role}={folder / file}"]
    for name, value in (case.get("inputs") or {}).items():
        line += ["--input", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return [*line, str(folder / (case.get("evidence") or row["file"]))]


def plain(value):
    """Recorded values are written in several ways: hexadecimal or not, numbers as text."""
    if isinstance(value, dict):
        return plain(value["hex"]) if list(value) == ["hex"] else \
            {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        try:
            return int(value, 16) if value.startswith("0x") else value.lower()
        except ValueError:
            return value
    return value


def wrong_claims(claims, golden):
    for name, expected in golden.items():
        found = claims.get(name)
        if expected is None and found is not None:
            yield f"{name} is claimed, and the evidence has none"
        elif expected is not None and name not in claims:
            yield f"{name} is not told"
        elif plain(found) != plain(expected):
            yield f"{name} is {found!r:.60}, not {expected!r:.60}"


def wrong(row, case, code, out):
    """What differs from the recorded outcome, in words."""
    expected, unsigned = case["expected"], is_unsigned(row["kind"], case)
    if out.get("verdict") != expected["verdict"]:
        return [f"{out.get('verdict')} {out.get('failure')}, not {expected}"]
    if expected["verdict"] == "fail":
        group = next((g for g in NEIGHBOURS if expected["failure"] in g), set())
        problems = [] if out.get("failure") in group else [f"{out.get('failure')}, not {expected}"]
        return problems + ([] if code in (8, 9) else [f"exit code {code}"])
    refused = not unsigned and expected["strict_policy"] == "refuse"
    problems = [] if code == (7 if refused else 0) else [f"exit code {code}"]
    if not unsigned and out.get("baseline") != expected["strict_policy"]:
        problems.append(f"baseline {out.get('baseline')} {out.get('why')}, not {expected}")
    if refused and not out.get("why"):
        problems.append("refused without a reason")
    problems += [f"{name} {out.get(name)}, not {expected[name]}" for name in STATUSES
                 if name in expected and out.get(name) != expected[name]]
    if "advisories" in expected and sorted(out["advisories"]) != sorted(expected["advisories"]):
        problems.append(f"advisories {out['advisories']}")
    if not case.get("evidence"):
        problems += wrong_claims(out.get("claims") or {}, row.get("golden") or {})
    return problems


def judge(program, folder, row, case):
    line = arguments(folder, row, case)
    try:
        run = subprocess.run([program, *line], capture_output=True, timeout=20, check=False)
        return wrong(row, case, run.returncode, json.loads(run.stdout))
    except subprocess.TimeoutExpired:
        return ["no answer in 20 s"]
    except ValueError:
        return [f"exit code {run.returncode}: {run.stderr.decode(errors='replace').strip()[:200]}"]


def main():
    program, beside, *kinds = sys.argv[1:]
    folder = pathlib.Path(os.environ.get("BULLA_VECTORS") or beside)
    if not (folder / "MANIFEST.json").is_file():
        print("1..0 # SKIP no recorded evidence: set BULLA_VECTORS to its folder")
        return
    by_kind = collections.defaultdict(list)
    for row in json.loads((folder / "MANIFEST.json").read_text())["files"]:
        if row.get("cases") and (not kinds or row["kind"] in kinds):
            by_kind[row["kind"]] += [(row, case) for case in row["cases"]]
    print(f"1..{len(by_kind)}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for kind, pairs in sorted(by_kind.items()):
            found = list(pool.map(lambda pair: judge(program, folder, *pair), pairs))
            bad = [(case["id"], problems) for (_, case), problems in zip(pairs, found) if problems]
            failed += bool(bad)
            print(f"{'not ' if bad else ''}ok - {kind}: {len(pairs) - len(bad)} of {len(pairs)} cases")
            for name, problems in bad:
                print(f"# {name}: {'; '.join(problems)}"[:400])
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
