# Shared by tools/test.sh and tools/demo.sh (sourced, not run): how the project is configured and built.

# Where the compiler cache can be used it is shared between clones; where it cannot, the build goes without.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
if ! ccache --show-stats >/dev/null 2>&1; then
  export CCACHE_DISABLE=1
fi

# As many compilers as there are cores, and not more than memory allows: one takes up to about 1 GiB.
build_jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  [[ ${memory_gib:-1} -lt 1 ]] && memory_gib=1
  echo $((cores < memory_gib ? cores : memory_gib))
}

# configure PRESET: quiet where it works, the whole output where it does not.
configure() {
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/hangou-configure.XXXXXX")
  if ! cmake --preset "$1" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# build_targets FOLDER [TARGET...]: builds them, all where none is named.
build_targets() {
  local folder=$1
  shift
  cmake --build "$folder" --parallel "$(build_jobs)" ${1:+--target "$@"}
}
