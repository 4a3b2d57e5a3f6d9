"""Who may include whom: libraries downwards only, services never each other, contracts only the shared leaf."""

import re

from tree import Rule

# The layers of libs/, the one place that defines them. A library includes itself and strictly lower layers.
LAYERS = [
    ["base"],
    ["identifiers", "flags", "metrics", "yaml"],
    ["schema", "peer", "columnar", "linkage"],
    ["log", "store", "policy", "audit", "importer"],
    ["audit_topic", "base_library", "feed", "comparison"],
    ["rpc"],
    ["client"],
    ["service"],
]
LAYER_OF = {library: layer for layer, libraries in enumerate(LAYERS) for library in libraries}
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:libs|services|tools|tests)/[^"]+)"')
CXX = r"\.(cc|h)$"


def includes(tree, pattern):
    for path in tree.paths(pattern):
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            if match:
                yield path, number, match.group(1)


def check_libraries(tree):
    for path in tree.paths(r"^libs/[^/]+/"):
        library = path.split("/")[1]
        if library not in LAYER_OF:
            yield f"{path}:1: libs/{library} has no layer: give it one in tests/architecture/layers.py"
            return
    for path, number, target in includes(tree, r"^libs/.*" + CXX):
        library = path.split("/")[1]
        top, other = target.split("/")[:2]
        if top != "libs":
            yield f"{path}:{number}: a library includes libraries only: move what it needs from {target} into libs/"
        elif other != library and LAYER_OF.get(other, 99) >= LAYER_OF[library]:
            yield (f"{path}:{number}: libs/{library} (layer {LAYER_OF[library]}) includes {target} (layer "
                   f"{LAYER_OF.get(other)}): move the shared part to a lower layer, or pass it in")
    for path in tree.paths(r"^libs/[^/]+/CMakeLists\.txt$"):
        library = path.split("/")[1]
        text = re.sub(r"#.*", "", tree.files[path])
        # Libraries of the folder beside the one of its name are helpers of tests.
        for block in re.findall(r"hangou_library\(" + library + r"\b([^)]*)\)", text):
            for other in re.findall(r"\bhangou_(\w+)", block):
                if other in LAYER_OF and LAYER_OF[other] >= LAYER_OF[library]:
                    yield f"{path}:1: hangou_{library} depends on hangou_{other}, which is not in a lower layer"


def check_services(tree):
    for path, number, target in includes(tree, r"^services/.*" + CXX):
        service = path.split("/")[1]
        top, other = target.split("/")[:2]
        if top in ("tools", "tests") and not path.endswith("_test.cc"):
            yield f"{path}:{number}: a service includes libraries only: move what it needs from {target} into libs/"
        if top == "services" and other not in (service, "base_library") and service != "standalone":
            yield f"{path}:{number}: services meet through contracts: call services/{other} by libs/peer or libs/client"
    for path, number, target in includes(tree, r"^tools/.*" + CXX):
        if target.startswith("services/") and not target.startswith("services/standalone/"):
            yield f"{path}:{number}: a tool includes libraries and services/standalone: use libs/client"


def check_contracts(tree):
    for path in tree.paths(r"^proto/hangou/.*\.proto$"):
        package = "/".join(path.split("/")[1:4])
        for number, line in tree.lines(path):
            match = re.match(r'\s*import\s+(?:public\s+)?"([^"]+)"', line)
            if not match or match.group(1).startswith("google/"):
                continue
            folder = match.group(1).rsplit("/", 1)[0]
            if folder not in (package, "hangou/record/v1"):
                yield f"{path}:{number}: packages do not import each other: move the shared message to hangou/record/v1"


RULES = [
    Rule("library layers", check_libraries,
         good={"libs/log/log.cc": '#include "libs/log/log.h"\n#include "libs/base/status.h"\n',
               "libs/log/CMakeLists.txt": "hangou_library(log SOURCES log.cc DEPS hangou_base)\n"},
         bad=[{"libs/base/status.cc": '#include "libs/log/log.h"\n'},
              {"libs/log/log.h": '#include "libs/store/store.h"\n'},
              {"libs/log/log.h": '#include "services/exchange/exchange.h"\n'},
              {"libs/unheard_of/a.h": "\n"},
              {"libs/log/CMakeLists.txt": "hangou_library(log SOURCES log.cc DEPS hangou_rpc)\n"}]),
    Rule("services apart", check_services,
         good={"services/credit/main.cc": '#include "services/base_library/service.h"\n#include "libs/rpc/server.h"\n',
               "services/standalone/main.cc": '#include "services/credit/credit.h"\n'},
         bad=[{"services/credit/main.cc": '#include "services/exchange/exchange.h"\n'},
              {"services/credit/main.cc": '#include "tools/hangou/table.h"\n'},
              {"tools/hangou/publish.cc": '#include "services/catalog/catalog.h"\n'}]),
    Rule("contracts apart", check_contracts,
         good={"proto/hangou/audit/v1/audit.proto": 'import "hangou/record/v1/record.proto";\n'},
         bad=[{"proto/hangou/audit/v1/audit.proto": 'import "hangou/catalog/v1/objects.proto";\n'},
              {"proto/hangou/record/v1/record.proto": 'import "hangou/audit/v1/audit.proto";\n'}]),
]
