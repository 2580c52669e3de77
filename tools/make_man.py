#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make one manual page: from the verb table (`bulla help --json`) and docs/man/PAGE.scd.

The table gives synopsis, options, examples and errors; the .scd file, in scdoc's format, gives what
only people can write, beginning with `# DESCRIPTION`. PAGE is bulla (all verbs), bulla-VERB, or
bulla-errors. The date is that of debian/changelog, so that the same sources give the same page.

Usage: make_man.py BULLA SOURCE_ROOT PAGE.SECTION OUTPUT
       make_man.py --check BULLA SOURCE_ROOT PAGE.SECTION...
         every verb has a page, every page a verb, and mandoc finds nothing wrong with any
"""
import email.utils
import json
import os
import pathlib
import re
import subprocess
import sys


def plain(text):
    """Text that scdoc takes literally."""
    return re.sub(r"([\\*_`#\[\]<>~|])", r"\\\1", text)


def option_line(option):
    names = [f"*-{option['letter']}*"] if option["letter"] else []
    line = ", ".join([*names, f"*--{plain(option['name'])}*"])
    return line + (f" {plain(option['argument'])}" if option["argument"] else "")


def verb_page(verb, body):
    synopsis = f"*bulla {verb['name']}* [_OPTION_]... {plain(verb['operands'])}".rstrip()
    parts = [f"# NAME\n\nbulla-{verb['name'].replace(' ', '-')} - {plain(verb['summary'])}",
             f"# SYNOPSIS\n\n{synopsis}", body, "# OPTIONS"]
    parts += [f"{option_line(o)}\n\t{plain(o['help'])}." + (" May be given several times." if o["repeats"] else "")
              for o in verb["options"]]
    parts += ["# EXAMPLES", "```\n" + "\n".join(verb["examples"]) + "\n```",
              "# EXIT CODE\n\n0, or one of those in *bulla*(1). The first line of an error ends with its id, "
              "which *bulla explain* and *bulla-errors*(7) explain.",
              "# SEE ALSO\n\n*bulla*(1), *bulla-errors*(7)"]
    return parts


def overview_page(table, body):
    parts = ["# NAME\n\nbulla - seal secrets to what code is, and say why when they do not open",
             "# SYNOPSIS\n\n*bulla* _VERB_ [_OPTION_]... [_OPERAND_]...", body, "# VERBS"]
    parts += [f"*bulla-{v['name'].replace(' ', '-')}*(1)\n\t{plain(v['summary'])}" for v in table["verbs"]]
    return [*parts, "# SEE ALSO\n\n*bulla-errors*(7)"]


def errors_page(table, body):
    parts = ["# NAME\n\nbulla-errors - every error of bulla, and what to do", body, "# ERRORS"]
    parts += [f"*{plain(e['id'])}*: {plain(e['title'])} (exit code {e['exit_code']})\n\t"
              f"{plain(e['meaning'])}++\nNext: {plain(e['next'])}." for e in table["errors"]]
    return [*parts, "# SEE ALSO\n\n*bulla*(1)"]


def source_date(root):
    trailer = re.search(r"^ -- .*>  (.+)$", (root / "debian/changelog").read_text(), re.M)[1]
    return str(int(email.utils.parsedate_to_datetime(trailer).timestamp()))


def make(table, root, page):
    name, section = page.rsplit(".", 1)
    body = (root / "docs/man" / f"{name}.scd").read_text().rstrip()
    if name == "bulla":
        parts = overview_page(table, body)
    elif name == "bulla-errors":
        parts = errors_page(table, body)
    else:
        verbs = [v for v in table["verbs"] if "bulla-" + v["name"].replace(" ", "-") == name]
        if not verbs:
            sys.exit(f"{page}: there is no such verb")
        parts = verb_page(verbs[0], body)
    text = f'{name}({section}) "" "Bulla"\n\n' + "\n\n".join(parts) + "\n"
    return subprocess.run(["scdoc"], input=text, check=True, capture_output=True, text=True,
                          env={"SOURCE_DATE_EPOCH": source_date(root), **os.environ}).stdout


def check(table, root, pages):
    wanted = {"bulla.1", "bulla-errors.7"} | {f"bulla-{v['name'].replace(' ', '-')}.1" for v in table["verbs"]}
    bad = [f"docs/meson.build: {page} is missing" for page in sorted(wanted - set(pages))]
    bad += [f"docs/meson.build: {page} is of no verb" for page in sorted(set(pages) - wanted)]
    bad += [f"{path.relative_to(root)}: of no page" for path in sorted((root / "docs/man").glob("*.scd"))
            if path.stem not in {page.rsplit(".", 1)[0] for page in pages}]
    for page in pages:
        text = make(table, root, page)
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=text, check=False,
                              capture_output=True, text=True)
        # scdoc writes these two, and they are harmless.
        bad += [f"{page}: {line}" for line in lint.stdout.splitlines()
                if "skipping paragraph macro" not in line and "missing date" not in line]
    print("\n".join(bad) or f"{len(pages)} manual pages")
    return bool(bad)


def main():
    checking = sys.argv[1] == "--check"
    program, root, *rest = sys.argv[2:] if checking else sys.argv[1:]
    root = pathlib.Path(root)
    done = subprocess.run([program, "help", "--json"], check=True, capture_output=True, text=True)
    table = json.loads(done.stdout)
    if checking:
        sys.exit(check(table, root, rest))
    pathlib.Path(rest[1]).write_text(make(table, root, rest[0]))


if __name__ == "__main__":
    main()
