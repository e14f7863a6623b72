"""The layers of the data plane (docs/ARCHITECTURE.md), held against the #include lines of every file under dataplane/.

A package is a folder of dataplane/ with all below it. It may include itself and packages of lower layers. Packages of one
layer do not see each other, but for the pairs in WITHIN_A_LAYER, each with its reason.
"""

import re

# The packages by layer, from 0.
LAYERS = (
    ("base",),
    ("event", "buffer"),
    ("net", "tls", "metrics"),
    ("http", "config", "identity"),
    ("routing", "load_balancing", "upstream", "sessions", "access_log"),
    ("proxy", "worker"),
    ("control", "health", "persistence", "upgrade", "admin"),
    ("server",),
)

# (who, whom): why. Never both ways, nor in a circle.
WITHIN_A_LAYER = {
    ("event", "buffer"): "what a loop receives and sends lies in buffers",
    ("config", "http"): "settings of HTTP are of the types that the codecs' own code works with",
    ("upstream", "load_balancing"): "a worker's backend owns the policy that chooses among its servers",
    ("worker", "proxy"): "a worker runs the stream engine: listeners, connections, exchanges",
    ("admin", "health"): "the status page shows who said what of a server",
    ("control", "health"): "transactions carry health states too, and there is one table of them",
    ("control", "persistence"): "each revision is handed over as a record to be saved, and a restart begins with what was",
}

# Other programs that are made of parts of the data plane: which packages each may see.
PROGRAMS = {
    "prober": ("base", "event", "buffer", "net", "tls", "metrics", "http", "admin"),
}

# Parts of a package that do not see each other, nor are seen by the rest of their package.
CODECS = ("http/h1", "http/h2")

# The first layer that may see protobuf and gRPC.
FIRST_LAYER_WITH_PROTOBUF = 6
PROTOBUF = re.compile(r"google/protobuf/|grpc(pp)?/|fairlead/v1/|api/")

# Libraries with one door each: what their headers begin with, and who may include them, of everything that ships.
DOORS = (
    ("nghttp2/", r"dataplane/http/h2/"),
    ("openssl/", r"dataplane/tls/|api/fingerprint/"),
    ("hiredis/", r"dataplane/sessions/"),
    ("liburing.h", r"dataplane/event/"),
    ("re2/", r"dataplane/base/"),
    ("xxhash.h", r"dataplane/load_balancing/"),
    ("yaml-cpp/", r"(?!dataplane/)"),
)
SHIPS = ("api/", "controlplane-mock/", "ctl/", "dataplane/", "prober/")
OWN_CODE = SHIPS + ("bench/", "tests/")

# Libraries that are included in quotes.
LIBRARIES_IN_QUOTES = re.compile(r"(absl|google|re2)/|fairlead/v1/|.*\.pb\.h$")
# Those that may be, or not: their own documents do either.
LIBRARIES_EITHER_WAY = re.compile(r"(benchmark|gmock|grpc|grpcpp|gtest|yaml-cpp)/")

MAX_LINES_OF_MAIN = 59

_INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')


def layer_of(package):
    """The number of a package's layer; None for a package that the table does not have."""
    for number, packages in enumerate(LAYERS):
        if package in packages:
            return number
    return None


def _package_of(path):
    """dataplane/http/h1/parser.h is in `http`; dataplane/main.cc, above all packages, in none."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else None


def _codec_of(path):
    return next((codec for codec in CODECS if path.startswith(f"dataplane/{codec}/")), None)


def _check_package_include(path, target):
    """What is wrong with including one file of the data plane in another; None when nothing is."""
    package, other = _package_of(path), _package_of(target)
    if package is None:
        return None
    if package == other:
        codec, other_codec = _codec_of(path), _codec_of(target)
        if other_codec is not None and codec != other_codec:
            return f"{other_codec} is seen by itself and by the packages above {package} alone"
        return None
    layer, other_layer = layer_of(package), layer_of(other)
    if other_layer is None:
        return f"{other} is in no layer: see LAYERS in tests/checks/layers.py"
    if other_layer > layer:
        return f"{package} (layer {layer}) may not see {other} (layer {other_layer})"
    if other_layer == layer and (package, other) not in WITHIN_A_LAYER:
        return f"{package} may not see {other}: both are in layer {layer}"
    return None


def _check_include(path, quote, target, paths):
    """What is wrong with one #include; None when nothing is."""
    if path.startswith(SHIPS):
        for header, door in DOORS:
            if target.startswith(header) and not re.match(door, path):
                return f"{header} has one door in the repository, and this is not it: {door}"
    if quote == "<" and LIBRARIES_IN_QUOTES.match(target):
        return f'as "{target}", in quotes, like all that is not the system\'s'
    known = LIBRARIES_IN_QUOTES.match(target) or LIBRARIES_EITHER_WAY.match(target)
    if quote == '"' and target not in paths and not known:
        return f'"{target}" is no file: includes give the path from the repository\'s root'
    program = PROGRAMS.get(path.split("/")[0])
    if program is not None and target.startswith("dataplane/") and _package_of(target) not in program:
        return f"{path.split('/')[0]} may not see {_package_of(target)}: see PROGRAMS in tests/checks/layers.py"
    if not path.startswith("dataplane/"):
        if target.startswith("prober/") and not path.startswith("prober/"):
            return "prober is a program: nobody else sees it"
        return None
    if PROTOBUF.match(target):
        layer = layer_of(_package_of(path))
        if layer is not None and layer < FIRST_LAYER_WITH_PROTOBUF:
            return f"protobuf and gRPC are for layer {FIRST_LAYER_WITH_PROTOBUF} and above"
    if target.startswith("dataplane/"):
        return _check_package_include(path, target)
    return None


def check(files):
    """One line for each fault."""
    paths = {file.path for file in files}
    faults = []
    for file in files:
        if file.language != "c++" or not file.path.startswith(OWN_CODE):
            continue
        if file.path.startswith("dataplane/"):
            package = _package_of(file.path)
            if package is not None and layer_of(package) is None:
                faults.append(f"{file.path}:1: {package} is in no layer: see LAYERS in tests/checks/layers.py")
                continue
            if file.path.endswith("/main.cc") and file.text.count("\n") > MAX_LINES_OF_MAIN:
                faults.append(
                    f"{file.path}:{MAX_LINES_OF_MAIN + 1}: main.cc stays under 60 lines: the rest is server's"
                )
        for number, line in file.lines():
            include = _INCLUDE.match(line)
            fault = include and _check_include(file.path, include.group(1), include.group(2), paths)
            if fault:
                faults.append(f"{file.path}:{number}: {fault}")
    return faults
