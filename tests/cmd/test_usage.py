#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line itself: parser, help, errors, streams, doctor, completion."""
import json
import os
import re
import shutil
import subprocess

from cli import PROGRAM, Skip, case, main

VERBS = ["seal", "unseal", "inspect", "explain", "preflight", "reseal",
         "slot add", "slot rm", "slot rotate",
         "recover", "key generate", "key tpm-public",
         "boot predict", "boot revoke", "up", "down",
         "enclave check", "enclave build", "enclave measure", "enclave sign", "enclave diff",
         "enclave run", "enclave ps", "enclave stop", "enclave logs", "serve", "admin put",
         "admin grant", "admin ungrant", "admin list", "admin grants", "admin promote",
         "admin anchor add", "admin anchor rm", "admin anchor list", "platform enroll",
         "platform list", "platform revoke", "get", "audit verify", "attest", "verify",
         "collateral fetch", "collateral bundle", "collateral verify", "collateral list",
         "policy new", "policy check", "policy diff", "policy learn", "policy replay", "doctor", "version", "help", "completion"]


@case
def help_names_every_verb(home):
    text = home.bulla("help").ok().text
    assert home.bulla("--help").ok().text == home.bulla("-h").ok().text == text
    for verb in VERBS:
        assert re.search(rf"^  {verb}\s", text, re.M), verb
        own = home.bulla("help", *verb.split()).ok().text
        assert home.bulla(*verb.split(), "--help").ok().text == own
        assert own.startswith(f"bulla {verb}: ") and "--json" in own
    described = home.bulla("help", "--json").ok().json
    assert [verb["name"] for verb in described["verbs"]] == VERBS
    assert len({error["id"] for error in described["errors"]}) == len(described["errors"]) > 50


@case
def an_unknown_word_is_refused_with_the_nearest(home):
    assert "expected unseal" in home.bulla("unsael", "x").fails(2, "BL-0201").err
    home.bulla("frobnicate").fails(2, "BL-0201")
    home.bulla().fails(2, "BL-0201")
    home.bulla("key").fails(2, "BL-0201")
    home.bulla("key", "frobnicate").fails(2, "BL-0201")
    home.bulla("").fails(2, "BL-0201")
    home.bulla("help", "frobnicate").fails(2, "BL-0201")


@case
def options_are_parsed_strictly(home):
    home.write("in", b"1")
    seal = ["seal", "--no-recovery"]
    for bad in (["--nam", "x"], ["--frob"], ["-z"], ["--name"], ["-n"], ["--force=yes"],
                ["--name", "a", "--name", "b"], ["-o"], ["in", "in2"], ["--output=a", "-o", "b"]):
        home.bulla(*seal, *bad, "in").fails(2, "BL-0201") if bad not in (["--name"], ["-n"], ["-o"]) \
            else home.bulla(*seal, "in", *bad).fails(2, "BL-0201")
    for good in (["-o", "b", "in"], ["-ob", "-f", "in"], ["-fob", "in"], ["in", "-f", "--output=b"],
                 ["-f", "-o", "b", "--", "in"]):
        home.bulla(*seal, *good).ok()
    home.write("-dash", b"1")
    home.bulla(*seal, "-f", "-o", "b", "--", "-dash").ok()


@case
def a_secret_on_the_command_line_is_refused_and_not_repeated(home):
    home.bulla("key", "generate", "-o", "id").ok()
    identity = [line for line in (home / "id").read_text().splitlines() if line[:1] != "#"][0]
    for args in (["seal", "--passphrase=hunter2"], ["seal", "--password", "hunter2"],
                 ["seal", "--pin=hunter2"], ["unseal", "--key", "hunter2"], ["unseal", "-i", identity],
                 ["unseal", f"--identity={identity}"], ["seal", "-r", identity], ["unseal", identity]):
        for form in ([], ["--json"]):
            result = home.bulla(args[0], *form, *args[1:]).fails(2, "BL-0202")
            assert "hunter2" not in result.err and identity[22:] not in result.err, result


@case
def no_secret_is_ever_in_arguments_or_environment(home):
    """What is offered: no option takes a secret as its value, and no variable is read for one."""
    for verb in home.bulla("help", "--json").ok().json["verbs"]:
        for option in verb["options"]:
            if re.search(r"pass|secret|pin|key|token", option["name"]):
                assert option["argument"] in (None, "FILE", "FILE|fd:N") or option["name"] == "bundle-key", option
    home.write("pw", b"pw")
    home.bulla("seal", "--name", "x", "--passphrase-file", "pw", "-o", "b", stdin=b"1").ok()
    for variable in ("BULLA_PASSPHRASE", "PASSPHRASE", "PASSWORD"):
        home.environment[variable] = "pw"
    home.bulla("unseal", "b", start_new_session=True).fails(6)
    read, write = os.pipe()
    process = home.start("unseal", "--passphrase-file", f"fd:{read}", "b", pass_fds=[read],
                         stdout=subprocess.PIPE)
    os.close(read)
    shown = b""
    while not shown:  # empty for a moment while the program is being loaded
        with open(f"/proc/{process.pid}/cmdline", "rb") as arguments:
            shown = arguments.read()
    os.write(write, b"pw")
    os.close(write)
    assert process.communicate(timeout=60)[0] == b"1"
    assert b"fd:" in shown and b"\0pw\0" not in shown, shown


@case
def failures_are_three_lines_or_one_object(home):
    text = home.bulla("unseal", "gone").fails(13, "BL-1301")
    assert text.err.splitlines()[0] == "bulla: unseal: gone: it does not exist (BL-1301)"
    error = json.loads(home.bulla("unseal", "--json", "-o", "x", "gone").fails(13, "BL-1301").err)["error"]
    assert set(error) == {"id", "exit_code", "verb", "object", "title", "where", "what", "offset",
                          "detail", "found", "expected", "next"}, error
    assert error["object"] == "gone" and error["verb"] == "unseal"


@case
def every_error_id_is_explained(home):
    errors = home.bulla("help", "--json").ok().json["errors"]
    for error in errors:
        assert error["exit_code"] == int(error["id"][3:5])
        text = home.bulla("explain", error["id"]).ok().text
        assert text.startswith(f"{error['id']}: {error['title']}\n") and "  next: " in text
    assert home.bulla("explain", "--json", "bl-0502").ok().json in errors
    home.bulla("explain", "BL-9999").fails(13, "BL-1301")
    home.bulla("explain").fails(2)


@case
def a_full_device_is_an_error_and_no_success(home):
    home.sealed(b"x" * 100_000)
    for args in (["help"], ["version"], ["doctor"], ["completion", "bash"], ["inspect", "demo.bulla"],
                 ["unseal", "demo.bulla"]):
        with open("/dev/full", "wb") as full:
            run = subprocess.run([PROGRAM, *args], stdout=full, stderr=subprocess.PIPE, cwd=home.path,
                                 env=home.environment, check=False)
        assert run.returncode == 1 and b"(BL-0103)" in run.stderr, (args, run)
    run = subprocess.run(f"'{PROGRAM}' unseal demo.bulla | head -c 1", shell=True, cwd=home.path,
                         env=home.environment, capture_output=True, check=False)
    assert run.stdout == b"x" and b"its reader hung up" in run.stderr and b"BL-0103" in run.stderr, run


@case
def version_names_what_it_runs_on(home):
    text = home.bulla("version").ok().text
    assert re.fullmatch(r"bulla \d+\.\d+\.\d+ \(OpenSSL 3\.[^)]+\)\n", text), text
    assert home.bulla("--version").ok().text == text
    assert set(home.bulla("version", "--json").ok().json) == {"version", "libraries", "formats"}


@case
def what_only_fetching_needs_is_not_loaded(home):
    """Code that no verb but a few calls, beside secrets, and half of the time that a verb takes."""
    traced = subprocess.run([PROGRAM], env={"LD_TRACE_LOADED_OBJECTS": "1"}, stdout=subprocess.PIPE, text=True)
    loaded = [line.split()[0] for line in traced.stdout.splitlines()]
    assert any(name.startswith("libcrypto.") for name in loaded), loaded
    assert not any(name.startswith(("libcurl", "libgnutls", "libldap", "libkrb5")) for name in loaded), loaded


@case
def doctor_tells_what_is_missing(home):
    text = home.bulla("doctor").ok().text
    assert all(re.match(r"(ok  |warn|fail)  \w+ +\S|                fix: \S", line)
               for line in text.splitlines()), text
    findings = home.bulla("doctor", "--json").ok().json["findings"]
    assert all(set(f) == {"level", "topic", "text", "fix"} for f in findings)
    assert all(f["fix"] for f in findings if f["level"] != "ok"), findings
    result = home.bulla("doctor", "tpm", "--device", "/dev/nothing-here")
    assert result.code == 10 and "BL-1001" in result.err and "fail" in result.text, result
    home.bulla("doctor", "memory", "clock").ok()
    kernel = home.bulla("doctor", "kernel")
    assert "user namespaces" in kernel.text and kernel.code == (10 if "fail" in kernel.text else 0), kernel
    home.bulla("doctor", "moon").fails(2, "BL-0201")
    assert not (home / "state").exists()  # looking changes nothing


@case
def doctor_examines_a_real_interface(home):
    from cli import EmulatedTpm
    tpm = EmulatedTpm(home)
    text = home.bulla("doctor", "tpm", *tpm.options()).ok().text
    assert "TPM 2.0 of" in text and "SHA-256" in text and "storage root key works" in text, text


@case
def completion_knows_every_verb_and_option(home):
    described = home.bulla("help", "--json").ok().json["verbs"]
    for shell in ("bash", "zsh", "fish"):
        text = home.bulla("completion", shell).ok().text
        for verb in described:
            assert verb["name"].split()[-1] in text, (shell, verb["name"])
            for option in verb["options"]:
                marker = f"-l {option['name']}" if shell == "fish" else f"--{option['name']}"
                assert marker in text, (shell, verb["name"], option["name"])
    home.bulla("completion", "csh").fails(2, "BL-0201")


def complete(home, *words):
    script = home.write("bulla.bash", home.bulla("completion", "bash").ok().out)
    typed = " ".join(f"'{word}'" for word in words)
    program = (f"source '{script}'; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _bulla; "
               'printf "%s\\n" "${COMPREPLY[@]}"')
    run = subprocess.run(["bash", "--norc", "-c", program], cwd=home.path, capture_output=True, text=True,
                         check=True)
    return set(run.stdout.split())


@case
def bash_completion_completes(home):
    assert {"seal", "unseal", "key", "doctor"} <= complete(home, "bulla", "")
    assert complete(home, "bulla", "unse") == {"unseal"}
    assert complete(home, "bulla", "key", "") == {"generate", "tpm-public"}
    assert complete(home, "bulla", "key", "generate", "--kind", "p") == {"p256", "p384"}
    assert complete(home, "bulla", "key", "generate", "--ki") == {"--kind"}
    assert "--recovery" in complete(home, "bulla", "seal", "--re")
    assert complete(home, "bulla", "doctor", "mem") == {"memory"}
    assert {"host", "state"} <= complete(home, "bulla", "seal", "--bind", "")
    home.write("demo.bulla", b"")
    assert complete(home, "bulla", "unseal", "demo") == {"demo.bulla"}
    assert complete(home, "bulla", "seal", "--recovery", "demo") == {"demo.bulla"}
    assert complete(home, "bulla", "seal", "--name", "demo") == {""} - {""}


@case
def other_shells_accept_their_completion(home):
    if shutil.which("fish") is None:
        raise Skip("fish is not installed")
    script = home.write("bulla.fish", home.bulla("completion", "fish").ok().out)
    subprocess.run(["fish", "--no-execute", str(script)], check=True, timeout=60)


main()
