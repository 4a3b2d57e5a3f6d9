"""One name, one type: two types of one name in one program are one to the linker, and crash (ODR)."""

import collections
import re

from tree import Rule

PRODUCT = r"^(libs|services|tools)/(?!.*(_test\.cc|_for_test\.h|_test_util\.h)$).*\.(cc|h)$"
TYPE = re.compile(r"(?:class|struct|enum class|enum)\s+(?:__attribute__\(\(.*?\)\)\s+)?"
                  r"(\w+)(?:\s+final)?\s*(?::(?!:)[^;]*)?\{")


def named_types(text):
    """Names of the types that are defined in a namespace with a name."""
    hidden = False
    for line in text.splitlines():
        hidden = (hidden or line.startswith("namespace {")) and not re.match(r"\}  // namespace$", line)
        match = TYPE.match(line)
        if match and not hidden:
            yield match.group(1)


def check_names(tree):
    places = collections.defaultdict(set)
    for path in tree.paths(PRODUCT):
        for name in named_types(tree.files[path]):
            places[name].add(path)
    for name, paths in sorted(places.items()):
        if len(paths) > 1:
            first, second = sorted(paths)[:2]
            yield (f"{second}:1: {name} is also defined in {first}: give it another name, or put it into an unnamed "
                   "namespace")


RULES = [
    Rule("one name, one type", check_names,
         good={"libs/log/log.h": "class Log {\n};\n",
               "libs/log/log.cc": "namespace {\nstruct Waiting {\n};\n}  // namespace\nstruct Log::Parts {\n};\n",
               "libs/audit/chain.cc": "namespace {\nstruct Waiting {\n};\n}  // namespace\n"},
         bad=[{"tools/hangou/log.h": "class Log final : public Other {\n};\n"},
              {"libs/audit/chain.cc": "struct Waiting {\n};\nclass Log {\n};\n"}]),
]
