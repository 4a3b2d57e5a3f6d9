"""No safety net is off in silence: every test file is built and run, every source that CMake names exists."""

import posixpath
import re

from tree import Rule

TAGS = re.compile(r'TEST_CASE(?:_METHOD)?\s*\([^)]*?"((?:\[[^\]"]*\])+)"', re.S)


def without_comments(text):
    return re.sub(r"#.*", "", text)


def calls(text, function):
    """The argument texts of the calls of a CMake function whose name matches."""
    return re.findall(r"\b" + function + r"\s*\(([^)]*)\)", without_comments(text))


def expanded(text, words):
    """The words, with the variables of the foreach loops of `text` replaced by each of their values."""
    loops = {items.split()[0]: items.split()[1:] for items in calls(text, "foreach") if items.split()}
    for word in words:
        variable = re.search(r"\$\{(\w+)\}", word)
        if variable and variable.group(1) in loops:
            for value in loops[variable.group(1)]:
                yield word.replace(variable.group(0), value)
        else:
            yield word


def named_files(tree, cmake, function):
    """Project-relative paths of the files that the calls of a function in one CMakeLists.txt name."""
    folder = posixpath.dirname(cmake)
    for arguments in calls(tree.files[cmake], function):
        for word in expanded(tree.files[cmake], arguments.split()):
            word = word.replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
            if word.startswith("${CMAKE_SOURCE_DIR}/"):
                yield word[len("${CMAKE_SOURCE_DIR}/"):]
            elif "$" not in word:
                yield posixpath.normpath(posixpath.join(folder, word))


def check_tests(tree):
    cmakes = tree.paths(r"(^|/)CMakeLists\.txt$")
    tests = {path for cmake in cmakes for path in named_files(tree, cmake, r"hangou_test")}
    # Scripts are named from the project's root, where they run.
    scripts = " ".join(text for cmake in cmakes for text in calls(tree.files[cmake], r"hangou_script_test"))
    fuzz = {path for cmake in cmakes for path in named_files(tree, cmake, r"hangou_fuzz")}
    for path in tree.paths(r"_test\.cc$"):
        if path not in tests:
            yield f"{path}:1: no hangou_test names it: add it to the SOURCES in the CMakeLists.txt of its folder"
    for path in tree.paths(r"_fuzz\.cc$|^tests/fuzz/[^/]+\.cc$"):
        if path not in fuzz | tests and "int LLVMFuzzerTestOneInput" in tree.files[path]:
            yield f"{path}:1: no hangou_fuzz names it: add it to the SOURCES in the CMakeLists.txt of its folder"
    for path in tree.paths(r"_test\.(py|sh)$"):
        if not re.search(r"(^|[\s/])" + re.escape(posixpath.basename(path)) + r"(\s|$)", scripts):
            yield f"{path}:1: no hangou_script_test runs it: add one to the CMakeLists.txt of its folder"


def check_sources(tree):
    for cmake in tree.paths(r"(^|/)CMakeLists\.txt$"):
        for path in named_files(tree, cmake, r"hangou_(?:test|library|program|fuzz)"):
            if path.endswith(".cc") and path not in tree.files:
                yield f"{cmake}:1: names {path}, which does not exist"
        folder = posixpath.dirname(cmake)
        if folder:
            parent = posixpath.dirname(folder)
            parent_text = without_comments(tree.files.get(posixpath.join(parent, "CMakeLists.txt"), ""))
            if not re.search(r"\b" + re.escape(posixpath.basename(folder)) + r"\b", parent_text):
                yield f"{cmake}:1: nothing includes it: add_subdirectory({posixpath.basename(folder)}) one level up"


def check_nothing_hidden(tree):
    for path in tree.paths(r"_test\.cc$"):
        for tags in TAGS.findall(tree.files[path]):
            if not re.search(r"\[(\.|!hide|!mayfail|!shouldfail)", tags):
                continue
            # What is measured by hand, and the part of a test that the test starts as a process of its own.
            child = re.search(r"\[\.(\w+)\]", tags)
            started = child and f'TestChild child("{child.group(1)}"' in tree.files[path]
            if "!" in tags or not (started or "[benchmark]" in tags):
                yield f"{path}:1: {tags} takes a test out of the run: repair it, or remove it"
    for path in tree.paths(r"(^|/)CMakeLists\.txt$|\.cmake$"):
        for number, line in tree.lines(path):
            if re.search(r"\b(DISABLED|WILL_FAIL|EXCLUDE_FROM_ALL)\b", line.split("#")[0]):
                yield f"{path}:{number}: takes a test out of the run: repair it, or remove it"


GOOD = {
    "CMakeLists.txt": "add_subdirectory(libs)\n",
    "libs/CMakeLists.txt": "add_subdirectory(log)\n",
    "libs/log/CMakeLists.txt": "hangou_library(log SOURCES log.cc)\nhangou_test(log_test SOURCES log_test.cc)\n"
                               "hangou_script_test(log_tool COMMAND python3 libs/log/tool_test.py)\n",
    "libs/log/log.cc": "",
    "libs/log/log_test.cc": 'TEST_CASE("A torn tail is cut", "[log]") { TestChild child("log_child"); }\n'
                            'TEST_CASE("Writes until it is killed", "[.log_child]") {}\n',
    "libs/log/tool_test.py": "",
}
RULES = [
    Rule("tests are registered", check_tests, GOOD,
         bad=[{"libs/log/other_test.cc": ""},
              {"libs/log/other_test.py": ""},
              {"libs/log/walker_fuzz.cc": 'extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) {}'},
              {"libs/log/CMakeLists.txt": "# hangou_test(log_test SOURCES log_test.cc)\n"},
              {"libs/log/CMakeLists.txt": "foreach(n other)\nhangou_test(${n}_test SOURCES ${n}_test.cc)\n"}]),
    Rule("sources exist and folders are built", check_sources, GOOD,
         bad=[{"libs/log/CMakeLists.txt": "hangou_test(log_test SOURCES log_test.cc gone_test.cc)\n"},
              {"libs/store/CMakeLists.txt": ""}]),
    Rule("nothing is hidden", check_nothing_hidden, GOOD,
         bad=[{"libs/log/log_test.cc": 'TEST_CASE("A torn tail is cut", "[.][log]") {}\n'},
              {"libs/log/log_test.cc": 'TEST_CASE("A torn tail is cut", "[log][!mayfail]") {}\n'},
              {"libs/log/CMakeLists.txt": "set_tests_properties(log_test PROPERTIES DISABLED ON)\n"}]),
]
