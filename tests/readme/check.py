"""Compiles what README.md and docs/MEDICATION.md show in one language; fails where there is none or it does not compile.

check.py ROOT c COMPILER          against the public headers
check.py ROOT java COMPILER JAR   against the binding
check.py ROOT swift COMPILER DIR  against the binding as SwiftPM has built it, in DIR
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SHOWN = {"c": ["README.md", "docs/MEDICATION.md"], "java": ["README.md"], "swift": ["README.md"]}
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def command(language, compiler, root, jars, folder):
    if language == "java":
        return [compiler, "-nowarn", "-proc:none", "--release", "11", "-cp", ":".join(jars), "-d", folder]
    if language == "swift":
        modules = Path(jars[0])
        return [compiler, "-typecheck", "-swift-version", "6", "-warnings-as-errors", "-I", str(modules / "Modules"),
                "-I", str(root / "include"), "-Xcc", f"-fmodule-map-file={modules / 'CTern.build/module.modulemap'}"]
    return [compiler, *WARNINGS, f"-I{root / 'include'}", "-fsyntax-only"]


def main():
    root, language, compiler, *jars = sys.argv[1:]
    samples = []
    for name in SHOWN[language]:
        found = re.findall(rf"^```{language}\n(.*?)^```", (Path(root) / name).read_text("utf-8"), re.M | re.S)
        if not found:
            sys.exit(f"{name} shows no code in {language}")
        samples += [(name, sample) for sample in found]
    for name, sample in samples:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / ("main.swift" if language == "swift" else f"Sample.{language}")
            source.write_text(sample, "utf-8")
            if subprocess.run([*command(language, compiler, Path(root), jars, folder), str(source)]).returncode != 0:
                sys.exit(f"{name}'s sample does not compile")
    print(f"{len(samples)} compiled")


main()
