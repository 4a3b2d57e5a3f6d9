"""Rules of style that a machine can check. Each message names what to use instead."""

import re

from tree import Rule

CXX = r"^(libs|services|tools|tests)/.*\.(cc|h)$"
PRODUCT = r"^(libs|services)/(?!.*_test\.cc$).*\.(cc|h)$"
TEXT = r"(\.(cc|h|py|sh|md|proto|cmake|ya?ml|json)|CMakeLists\.txt|^\.ci/run)$"
# Lines of a file: what a reader keeps in mind. The limit only goes down.
FILE_LINES = 600
COLUMNS = 120


def code_of(line):
    """The line without its comment and the contents of its strings."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
    return line.split("//")[0]


def banned(expression, instead, scope=CXX, except_in=(), unless=r"(?!)"):
    """A check that refuses code lines matching `expression`; `except_in` names the files that may, `unless` is what
    such a line (or the one behind it) says where it may."""
    pattern = re.compile(expression)
    allowed = re.compile(unless)

    def check(tree):
        for path in tree.paths(scope):
            if path in except_in:
                continue
            lines = tree.files[path].splitlines() + [""]
            for number, (line, after) in enumerate(zip(lines, lines[1:]), start=1):
                if pattern.search(code_of(line)) and not allowed.search(line) and not allowed.search(after):
                    yield f"{path}:{number}: {instead}"
    return check


def banned_rule(name, expression, instead, sample, scope=CXX, except_in=(), unless=r"(?!)", where="libs/log/log.cc"):
    check = banned(expression, instead, scope, except_in, unless)
    return Rule(name, check, good={where: "// A log.\nint x = 1;\n"},
                bad=[{where: sample + "\n"}])


def check_headers(tree):
    for path in tree.paths(r"^(libs|services|tools|tests)/.*\.h$"):
        text = tree.files[path]
        if not text.startswith("//"):
            yield f"{path}:1: begin with a comment that says what the file is for"
        if "#pragma once" not in text:
            yield f"{path}:1: add #pragma once behind the first comment"


def check_columns(tree):
    for path in tree.paths(TEXT):
        if path.endswith((".md", ".json", ".yaml", ".yml")):
            continue
        for number, line in tree.lines(path):
            if len(line) > COLUMNS:
                yield f"{path}:{number}: {len(line)} columns: break it before column {COLUMNS}"
            if line != line.rstrip() or "\t" in line:
                yield f"{path}:{number}: white space at the end, or a tab: remove it, indent by spaces"


def check_file_length(tree):
    for path in tree.paths(r"^(libs|services|tools|tests)/.*\.(cc|h|py|sh)$"):
        count = tree.files[path].count("\n")
        if count > FILE_LINES:
            yield f"{path}:{FILE_LINES}: {count} lines: split it by job, at most {FILE_LINES}"


# Written so that this file does not match itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def check_unfinished(tree):
    for path in tree.paths(TEXT):
        for number, line in tree.lines(path):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: finish it now, or describe the limit in ARCHITECTURE.md"


# Places of one machine, and text beside the project that a reader does not have.
ELSEWHERE = re.compile(r"(?<![\w.}])/(ro" + r"ot|wo" + r"rk|ho" + r"me/\w+)/|\bsha" + r"red/(data|[A-Z]+\.md)")


def check_speaks_of_itself(tree):
    for path in tree.paths("."):
        for number, line in tree.lines(path):
            if ELSEWHERE.search(line):
                yield f"{path}:{number}: names a place outside the project: use a path inside it, or ${{TMPDIR:-/tmp}}"


RULES = [
    banned_rule("one mutex", r"std::(mutex|shared_mutex|recursive_mutex|lock_guard|scoped_lock|unique_lock|"
                r"condition_variable)|absl::Mutex", "use Mutex, MutexLock and CondVar of libs/base/mutex.h",
                "std::mutex m;", except_in=("libs/base/mutex.h",)),
    banned_rule("no sleeping", r"\b(sleep_for|sleep_until|usleep|nanosleep|absl::SleepFor)\b|(?<![\w.>:])sleep\(",
                "wait for a condition with a deadline: CondVar::WaitFor, EventLoop::PostAfter; where another program "
                "offers only polling, or a client backs off, end the line with `// waits: why`",
                "std::this_thread::sleep_for(x);", unless=r"// waits: \w"),
    banned_rule("no printing in libraries and services", r"std::(cout|cerr|clog)|\b(f?printf|puts)\(",
                "return an absl::Status, or log with spdlog in services", "std::cout << 1;", scope=PRODUCT,
                # The last words of a process that stops itself; what a process tells whoever started it.
                except_in=("libs/base/status.cc", "libs/service/run.cc", "libs/service/settings.cc",
                           "libs/service/signals.cc", "services/standalone/run.cc")),
    banned_rule("no using namespace", r"\busing\s+namespace\b", "name what is used: using hangou::Thing;",
                "using namespace std;", unless=r"using namespace hangou::\w+::v1;"),
    banned_rule("no using namespace in headers", r"\busing\s+namespace\b", "name what is used in full",
                "using namespace hangou::record::v1;", scope=r"^(libs|services|tools)/(?!.*_for_test\.h$).*\.h$",
                where="libs/log/log.h"),
    banned_rule("no exceptions thrown", r"\bthrow\b", "return MakeError of libs/base/status.h", "throw 1;",
                scope=PRODUCT),
    banned_rule("no throwing conversions", r"\bstd::sto(i|l|ll|ul|ull|f|d)\b",
                "use absl::SimpleAtoi and its family: it returns false instead of throwing", "int i = std::stoi(s);",
                scope=PRODUCT),
    banned_rule("no detached threads", r"\.detach\(\)", "keep the thread in an object that joins it: EventLoop",
                "t.detach();"),
    banned_rule("std types in interfaces", r"absl::(string_view|optional|variant|any)\b",
                "use std::string_view, std::optional: Debian's absl types are other types", "absl::string_view v;",
                scope=r"^(libs|services|tools|tests)/.*\.h$", where="libs/log/log.h"),
    banned_rule("one clock", r"\b(system_clock|steady_clock|high_resolution_clock)::now\(|\btime\(nullptr\)",
                "take a Clock (libs/base/clock.h), so that tests can hold time still", "auto t = time(nullptr);",
                scope=r"^libs/(?!(base/clock|base/event_loop|rpc/|client/))(?!.*_test\.cc$).*\.(cc|h)$"),
    Rule("headers", check_headers, {"libs/log/log.h": "// A log.\n#pragma once\n"},
         bad=[{"libs/log/log.h": "#pragma once\n"}, {"libs/log/log.h": "// A log.\n"}]),
    Rule("columns", check_columns, {"libs/log/log.h": "// A log.\n"},
         bad=[{"libs/log/log.h": "//" + "x" * COLUMNS + "\n"}, {"libs/log/log.h": "int x; \n"},
              {"libs/log/log.h": "\tint x;\n"}]),
    Rule("file length", check_file_length, {"libs/log/log.cc": "\n" * FILE_LINES},
         bad=[{"libs/log/log.cc": "\n" * (FILE_LINES + 1)}]),
    Rule("nothing unfinished", check_unfinished, {"libs/log/log.cc": "// A log.\n"},
         bad=[{"libs/log/log.cc": "// TO" + "DO: later\n"}]),
    Rule("speaks of itself alone", check_speaks_of_itself, {"README.md": "See build/bin and /tmp/x.\n"},
         bad=[{"README.md": "See /ro" + "ot/x.\n"}, {"libs/a.cc": '"/wo' + 'rk/x"'},
              {"a.md": "see sha" + "red/DESIGN.md"}]),
]
