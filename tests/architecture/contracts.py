"""Every message, field, method and value of the contracts says what it is."""

import re

from tree import Rule

DECLARATION = re.compile(
    r"^\s*(?:(?:message|enum|service|oneof)\s+\w+\s*\{"
    r"|rpc\s+\w+\s*\("
    r"|(?:(?:repeated|optional)\s+)?(?:map<[^>]+>|[\w.]+)\s+\w+\s*=\s*\d+\s*(?:\[[^\]]*\])?;"
    r"|[A-Z][A-Z0-9_]*\s*=\s*\d+\s*;)")


def check_comments(tree):
    for path in tree.paths(r"^proto/hangou/.*\.proto$"):
        before = ""
        for number, line in tree.lines(path):
            if DECLARATION.match(line) and not before.strip().startswith("//"):
                yield f"{path}:{number}: say what it is in a comment on the line before: unit, range, when it is empty"
            before = line


GOOD = {"proto/hangou/a/v1/a.proto":
        'syntax = "proto3";\n// What.\nmessage A {\n  // How many.\n  int32 count = 1;\n}\n'}
RULES = [
    Rule("contracts are documented", check_comments, GOOD,
         bad=[{"proto/hangou/a/v1/a.proto": "message A {\n"},
              {"proto/hangou/a/v1/a.proto": "\n  repeated hangou.record.v1.Record records = 1;\n"},
              {"proto/hangou/a/v1/a.proto": "\n  rpc Get(GetRequest) returns (GetResponse);\n"},
              {"proto/hangou/a/v1/a.proto": "\n  OUTCOME_ACCEPTED = 1;\n"}]),
]
