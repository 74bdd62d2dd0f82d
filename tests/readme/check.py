"""Compiles the C code of README.md against the public headers; fails where there is none or it does not compile."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def main():
    root, compiler = Path(sys.argv[1]), sys.argv[2]
    samples = re.findall(r"^```c\n(.*?)^```", (root / "README.md").read_text("utf-8"), re.M | re.S)
    if not samples:
        sys.exit("README.md shows no C code")
    for sample in samples:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "sample.c"
            source.write_text(sample, "utf-8")
            command = [compiler, *WARNINGS, f"-I{root / 'include'}", "-fsyntax-only", str(source)]
            if subprocess.run(command).returncode != 0:
                sys.exit("README.md's sample does not compile")
    print(f"{len(samples)} compiled")


main()
