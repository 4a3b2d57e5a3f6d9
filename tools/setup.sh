#!/usr/bin/env bash
# Installs what the build and the tests need on Debian 12 and is not there yet. Asks nothing; as root or by sudo.
# Usage: tools/setup.sh [--long]     --long also installs what only `tools/test.sh --long` needs.
set -euo pipefail

# Platform libraries, in the order of cmake/dependencies.cmake, then the tools that build and test.
packages=(
  libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler libabsl-dev libre2-dev libc-ares-dev
  libssl-dev librocksdb-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libyaml-cpp-dev prometheus-cpp-dev
  libxxhash-dev libzstd-dev librdkafka-dev libjemalloc-dev libpq-dev
  libzip-dev libexpat1-dev libxlsxwriter-dev libpango1.0-dev fonts-wqy-microhei
  libgeos-dev libutf8proc-dev
  catch2 cmake ninja-build ccache mold clang-19 clang-format-19 pkg-config
  python3 python3-grpcio python3-protobuf tzdata git ca-certificates maven prometheus kcat poppler-utils
)
# The tests run a Kafka broker: any Java from 17 on does, Debian's where there is none.
java_version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || true
[[ ${java_version:-0} -ge 17 ]] || packages+=(default-jre-headless)
if [[ ${1:-} == --long ]]; then
  packages+=(libclang-rt-19-dev llvm-19 iproute2 socat python3-pip python3-yaml)
  # Any Node.js with npx runs buf; Debian's only where there is none.
  command -v npx >/dev/null || packages+=(nodejs npm)
elif [[ $# -gt 0 ]]; then
  echo "usage: tools/setup.sh [--long]" >&2
  exit 2
fi

# The packages of the list that are not installed, one a line.
missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^ii  *//p' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed")
}

command -v dpkg-query >/dev/null || {
  echo "setup: needs Debian 12 or a system with its packages: dpkg-query is not here" >&2
  exit 1
}
mapfile -t wanted < <(missing)
[[ ${#wanted[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: these packages are missing: ${wanted[*]}" >&2
    echo "setup: run it once as root, or install sudo" >&2
    exit 1
  fi
  as_root=(sudo)
fi

log=$(mktemp "${TMPDIR:-/tmp}/hangou-setup.XXXXXX")
trap 'rm -f "$log"' EXIT
# A mirror that answers slowly is tried again; one that is away ends the script after a few minutes.
apt_options=(-q -o Acquire::Retries=3 -o Acquire::http::Timeout=60 -o DPkg::Lock::Timeout=300)
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" "$@" >>"$log" 2>&1; }

echo "setup: installing ${#wanted[@]} packages: ${wanted[*]}"
for attempt in 1 2 3; do
  # The first attempt uses the lists at hand; where they are absent or too old, they are fetched.
  if [[ $attempt -gt 1 ]] || ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    apt update || continue
  fi
  if apt install -y --no-install-recommends "${wanted[@]}"; then
    mapfile -t wanted < <(missing)
    [[ ${#wanted[@]} -eq 0 ]] && exit 0
  fi
done
tail -n 30 "$log" >&2
echo "setup: could not install: ${wanted[*]}" >&2
echo "setup: the lines above say why; the package sources of Debian 12 (main) have them all" >&2
exit 1
