"""The files of the project as the rules see them, and the samples that prove that a rule can fail."""

import os
import re
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
# Files of others, kept as they come.
FOREIGN = re.compile(r"^(proto/third_party/|data/.*\.(csv|json|jsonl|txt|tsv)$)")


class Tree:
    """Paths (project-relative, with /) and their texts."""

    def __init__(self, files):
        self.files = dict(files)

    def paths(self, pattern):
        """The paths that match a regular expression, in order."""
        expression = re.compile(pattern)
        return [path for path in sorted(self.files) if expression.search(path)]

    def lines(self, path):
        """(number from 1, text) of each line."""
        return enumerate(self.files[path].splitlines(), start=1)

    def with_files(self, files):
        """This tree with some files added or replaced."""
        return Tree({**self.files, **files})


def listed_paths():
    """What git would commit; without git, every file outside build folders."""
    command = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
        return [path for path in listed if path]
    except (OSError, subprocess.CalledProcessError):
        return list(walked_paths())


def walked_paths():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if not f.startswith((".git", ".cache", "build", "__pycache__"))]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def project():
    """The project's own text files."""
    files = {}
    for path in listed_paths():
        full = os.path.join(ROOT, path)
        if FOREIGN.search(path) or not os.path.isfile(full):
            continue
        with open(full, "rb") as file:
            content = file.read()
        try:
            files[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            continue  # not text: a sample for a fuzz test
    return Tree(files)


class Rule:
    """A rule: `check(tree)` yields findings "path:line: what to do instead".

    `good` is a small tree that it accepts. Each of `bad` is a change of that tree that it must refuse, so that a
    rule which can no longer fail fails itself.
    """

    def __init__(self, name, check, good, bad):
        self.name = name
        self.check = check
        self.good = Tree(good)
        self.bad = bad

    def self_test(self):
        """What is wrong with the rule itself."""
        for finding in self.check(self.good):
            yield f"rule {self.name} refuses its good sample: {finding}"
        for sample in self.bad:
            if not list(self.check(self.good.with_files(sample))):
                yield f"rule {self.name} accepts its bad sample {sample}"
