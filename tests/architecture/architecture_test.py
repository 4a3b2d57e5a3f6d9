"""Runs the rules of one group (layers, registered, names, tidy, contracts) on the project, and on their samples."""

import importlib
import sys

import tree


def main():
    group = importlib.import_module(sys.argv[1])
    project = tree.project()
    assert len(project.files) > 50, "the project has more files than this: run it in a work tree"
    findings = []
    for rule in group.RULES:
        findings += rule.self_test()
        findings += [f"{finding}  [{rule.name}]" for finding in rule.check(project)]
    print("\n".join(findings))
    print(f"{len(group.RULES)} rules, {len(project.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
