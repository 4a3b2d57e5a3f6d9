"""Checks that clang-format-19 would change nothing. Skipped, visibly, where it is absent."""

import shutil
import subprocess
import sys

import tree

SKIPPED = 77


def complaints(arguments, text=None):
    """What clang-format says about files, or about `text`."""
    command = ["clang-format-19", "--dry-run", "--Werror", *arguments]
    done = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True, input=text)
    return done.stderr if done.returncode else ""


def main():
    if not shutil.which("clang-format-19"):
        print("skipped: clang-format-19 is not installed (tools/setup.sh installs it)")
        return SKIPPED
    if not complaints(["--assume-filename=x.cc"], "int  x ;\n"):
        print("the check accepts a badly formatted sample")
        return 1
    paths = tree.project().paths(r"^(libs|services|tools|tests)/.*\.(cc|h)$")
    found = sorted({line.split(":")[0] for line in complaints(paths).splitlines() if "error:" in line})
    print("\n".join(found))
    print(f"{len(paths)} files, {len(found)} to repair with: clang-format-19 -i FILE")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
