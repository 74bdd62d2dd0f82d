"""What the gates share: which files there are, and how a verdict is told.

A gate that looked at no file fails, since it would prove nothing.
"""

import argparse
import os
import subprocess
import sys

SKIPPED = {".git", ".venv", ".cache", "build", "__pycache__"}


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--root", default=here, help="the tree to check (default: this one)")
    return parser


def files(root, *suffixes):
    """Paths below root, sorted: the tracked and new ones of a checkout, all of a plain folder."""
    if os.path.exists(os.path.join(root, ".git")):
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        found = [path for path in out.split("\0") if path]
    else:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    found = [path for path in found if os.path.isfile(os.path.join(root, path))]
    return sorted(path for path in found if not suffixes or path.endswith(suffixes))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def finish(gate, looked_at, problems):
    """Prints the verdict and leaves."""
    for problem in problems:
        print(f"{gate}: {problem}", file=sys.stderr)
    if looked_at == 0:
        print(f"{gate}: no file to look at, so nothing is proven", file=sys.stderr)
        sys.exit(1)
    if problems:
        print(f"{gate}: {len(problems)} problem(s) in {looked_at} file(s)", file=sys.stderr)
        sys.exit(1)
    print(f"{gate}: {looked_at} file(s) fine")
    sys.exit(0)
