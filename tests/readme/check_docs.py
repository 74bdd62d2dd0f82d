"""Checks without tools what is easily forgotten: codes that openapi.yaml lacks, two decisions under one number.

scripts/check-openapi looks closer, but runs with the gates alone.
"""

import collections
import re
import sys
from pathlib import Path


def main():
    root = Path(sys.argv[1])
    known = set(re.findall(r'\{TERN_ERR_\w+, "(\w+)"\}', (root / "core/base/error.c").read_text("utf-8")))
    document = (root / "docs/openapi.yaml").read_text("utf-8")
    listed = set(re.findall(r"^ {8}- ([A-Z0-9_]+)$", document[document.index("\n    Code:\n"):], re.M))
    numbers = collections.Counter(path.name[:4] for path in (root / "docs/adr").glob("[0-9]*.md"))
    if not known or not numbers:
        sys.exit("no codes or no decisions found: this would prove nothing")
    problems = [f"docs/openapi.yaml: {code} is listed by one side only" for code in sorted(known ^ listed)]
    problems += [f"docs/adr: {number} is given {count} times" for number, count in numbers.items() if count > 1]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(known)} codes, {len(numbers)} decisions")


main()
