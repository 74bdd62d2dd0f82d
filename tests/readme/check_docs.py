"""Checks without tools what is easily forgotten: codes and statuses that openapi.yaml or WIRE.md lacks, two decisions
under one number.

scripts/check-openapi looks closer, but runs with the gates alone.
"""

import collections
import re
import sys
from pathlib import Path


# A front's to give, and what no path of the document can answer.
FOREIGN = {"429"}
PATHLESS = {"404"}


def answered(root):
    """Every status that the server's code can give to a sync."""
    found = set(re.findall(r"\(struct answered\)\{(\d{3})", (root / "core/wire/problem.c").read_text("utf-8")))
    for path in (root / "server").glob("*.c"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r"\brefuse_as\(\w+, (\d{3}),", text))
        found |= set(re.findall(r"\bstatus = (\d{3});", text))
    return found


def check_statuses(root, document):
    given = answered(root)
    if not {"200", "400", "405", "500"} <= given:
        sys.exit("the server's statuses were not found: this would prove nothing")
    sync = document[document.index("\n  /v1/sync:\n"):document.index("\n  /healthz:\n")]
    listed = set(re.findall(r"^ {8}'(\d{3})':$", sync, re.M))
    table = (root / "docs/WIRE.md").read_text("utf-8").split("\n## Errors\n")[1]
    told = set(re.findall(r"\d{3}", " ".join(re.findall(r"^\| ([\d, ]+) \|", table, re.M)))) | {"200"}
    yield from (f"docs/openapi.yaml: {status} of /v1/sync is listed by one side only"
                for status in sorted((given - PATHLESS) ^ (listed - FOREIGN)))
    yield from (f"docs/WIRE.md: {status} is in one table only" for status in sorted(given ^ (told - FOREIGN)))


def main():
    root = Path(sys.argv[1])
    known = set(re.findall(r'\{TERN_ERR_\w+, "(\w+)"\}', (root / "core/base/error.c").read_text("utf-8")))
    document = (root / "docs/openapi.yaml").read_text("utf-8")
    listed = set(re.findall(r"^ {8}- ([A-Z0-9_]+)$", document[document.index("\n    Code:\n"):], re.M))
    numbers = collections.Counter(path.name[:4] for path in (root / "docs/adr").glob("[0-9]*.md"))
    if not known or not numbers:
        sys.exit("no codes or no decisions found: this would prove nothing")
    problems = [f"docs/openapi.yaml: {code} is listed by one side only" for code in sorted(known ^ listed)]
    problems += check_statuses(root, document)
    problems += [f"docs/adr: {number} is given {count} times" for number, count in numbers.items() if count > 1]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(known)} codes, {len(numbers)} decisions")


main()
