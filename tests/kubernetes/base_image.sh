#!/usr/bin/env bash
# Makes a Debian base image by debootstrap, where none can be pulled. As root.
# Usage: tests/kubernetes/base_image.sh IMAGE [SUITE]     SUITE is bookworm
#
# The packages come from where this machine's own apt takes them; the image keeps that source for what is installed on
# top of it. CONTAINER_TOOL (podman) makes the image; one that is there stays.
set -euo pipefail
tool=${CONTAINER_TOOL:-podman}

fail() {
  echo "base image: $*" >&2
  exit 1
}

[[ $# -ge 1 && $# -le 2 ]] || fail "say the name of the image; the head of this file explains"
image=$1
suite=${2:-bookworm}
command -v "$tool" >/dev/null || fail "$tool is missing: install it, or name another in CONTAINER_TOOL"
! "$tool" image inspect "$image" >/dev/null 2>&1 || exit 0
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
[[ $(id -u) -eq 0 ]] || fail "debootstrap runs as root only"
# Without an early end of awk, which would end apt-get as a failure.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 == suite && $3 == "main" && !found {found = $1} END {print found}')
[[ -n $mirror ]] || fail "apt knows no source of $suite main on this machine: add one to its sources"

folder=$(mktemp -d "${TMPDIR:-/tmp}/hangou-base.XXXXXX")
trap 'rm -rf --one-file-system "$folder"' EXIT
debootstrap --variant=minbase "$suite" "$folder/rootfs" "$mirror" >"$folder/log" 2>&1 || {
  tail -n 20 "$folder/log" >&2
  fail "debootstrap did not end well; the lines above say why"
}
rm -rf "$folder"/rootfs/var/cache/apt/*.bin "$folder"/rootfs/var/cache/apt/archives/*.deb \
  "$folder"/rootfs/var/lib/apt/lists/*
tar -C "$folder/rootfs" --numeric-owner -c . | "$tool" import - "$image" >/dev/null
echo "base image: $image"
