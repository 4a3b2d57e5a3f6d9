#!/usr/bin/env bash
# Builds the container images localhost/hangou:TAG (every program) and localhost/hangou-kafka:TAG (a broker), and checks
# in the first that every program starts.
# Usage: deploy/images.sh [--base IMAGE] [--tool podman|docker] [--tag TAG]
#   --base IMAGE  the Debian 12 that both stand on; that of the Containerfiles
#   --tool TOOL   podman, else docker: the first that is here
#   --tag TAG     dev
#
# Builds the programs where HANGOU_BIN does not name the folder that has them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=(hangou hangou-catalog hangou-population hangou-legal-entity hangou-geographic hangou-tax hangou-credit
  hangou-exchange hangou-audit hangou-comparison)
base=()
tool=
tag=dev

fail() {
  echo "images: $*" >&2
  exit 1
}

while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || fail "$1 needs a value; the head of this file explains"
  case $1 in
    --base) base=(--build-arg "BASE=$2") ;;
    --tool) tool=$2 ;;
    --tag) tag=$2 ;;
    *) fail "there is no option $1; the head of this file explains" ;;
  esac
  shift 2
done
[[ -n $tool ]] || tool=$(basename "$(command -v podman || command -v docker)") || fail "install podman or docker"
command -v "$tool" >/dev/null || fail "$tool is not here: install it, or name another with --tool"

build_programs() {
  [[ -z ${HANGOU_BIN:-} ]] || return 0
  cd "$root"
  tools/setup.sh
  source tools/build.sh
  configure release
  build_targets build "${programs[@]}"
}

# What the Containerfiles copy, below build/: nothing else of the work tree gets into an image.
stage() {
  local bin=${HANGOU_BIN:-$root/build/bin} program
  rm -rf "$stage"
  mkdir -p "$stage"/{hangou/bin,kafka/tools/kafka}
  for program in "${programs[@]}"; do
    [[ -x $bin/$program ]] || fail "$bin/$program is not there: build it, or name the folder in HANGOU_BIN"
    strip -o "$stage/hangou/bin/$program" "$bin/$program"
    chmod 755 "$stage/hangou/bin/$program"
  done
  "$root/tools/kafka/broker.sh" fetch
  cp -r "${HANGOU_KAFKA_LIBS:-$root/build/kafka/libs}" "$stage/kafka/libs"
  cp "$root/tools/process.sh" "$stage/kafka/tools/"
  cp "$root/tools/kafka/broker.sh" "$stage/kafka/tools/kafka/"
  chmod -R a+rX "$stage"
}

image() {
  "$tool" build "${base[@]}" -t "$2" -f "$root/deploy/container/$1.Containerfile" "$stage/$1"
}

# Read-only and without rights, as it runs later.
check() {
  "$tool" run --rm -i --read-only --cap-drop ALL --network none "localhost/hangou:$tag" \
    bash -euo pipefail -s "${programs[@]}" <<'CHECK'
for program in "$@"; do
  path=/usr/local/bin/$program
  missing=$(ldd "$path" | grep 'not found' || true)
  [[ -z $missing ]] || { echo "images: $program lacks libraries: $missing" >&2; exit 1; }
  "$path" --help >/dev/null 2>&1 || { "$path" --help; echo "images: $program does not start" >&2; exit 1; }
done
[[ $(id -u) -ne 0 ]] || { echo "images: the image runs as root" >&2; exit 1; }
echo "images: $# programs start, as user $(id -u)"
CHECK
}

stage="$root/build/images"
build_programs
stage
image hangou "localhost/hangou:$tag"
image kafka "localhost/hangou-kafka:$tag"
check
rm -rf "$stage"
echo "images: localhost/hangou:$tag, localhost/hangou-kafka:$tag"
