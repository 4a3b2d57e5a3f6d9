#!/usr/bin/env bash
# Installs what is missing, builds what is needed, and shows the main job on a made-up city: about 20 s once built.
# Usage: tools/demo.sh [--keep DIR]
#   --keep DIR  leaves the data folder in DIR, which must not exist yet, instead of removing it at the end
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
keep=
while [[ $# -gt 0 ]]; do
  case $1 in
    --keep)
      [[ $# -ge 2 ]] || { echo "demo: --keep needs a folder" >&2; exit 2; }
      [[ ! -e $2 ]] || { echo "demo: $2 is there already" >&2; exit 2; }
      keep=$(realpath -m "$2")
      shift
      ;;
    *)
      echo "usage: tools/demo.sh [--keep DIR]" >&2
      exit 2
      ;;
  esac
  shift
done
cd "$root"
tools/setup.sh
source tools/build.sh
configure release
build_targets build hangou citygen hangou-bench
exec tools/demo/story.sh "$root/build/bin" ${keep:+"$keep"}
