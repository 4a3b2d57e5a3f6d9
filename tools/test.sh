#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Its last line is "N passed, N failed".
# Usage: tools/test.sh [--long] [-R REGEX]
#   --long    also the tests labelled `long`, 200 kills instead of 20, each comparison with peers once, the
#             sanitizers, the fuzz targets, buf lint, and the chart on a real cluster: where KUBECONFIG names one and
#             HANGOU_K8S_LOAD is a command that brings image files to its nodes (HANGOU_K8S_BASE: the base image;
#             without it one is made by debootstrap)
#   -R REGEX  only the tests whose name matches
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

long=0
select=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --long) long=1 ;;
    -R)
      [[ $# -ge 2 ]] || { echo "test: -R needs an expression" >&2; exit 2; }
      select=(-R "$2")
      shift
      ;;
    *)
      echo "usage: tools/test.sh [--long] [-R REGEX]" >&2
      exit 2
      ;;
  esac
  shift
done

# Seconds that each libFuzzer target runs in --long: enough to come back to old findings, not to make new ones.
fuzz_seconds=60
buf_version=1.75.0
grpcurl_version=v1.9.3
# Building it takes about 80 s on two cores; the whole run has 12 minutes.
grpcurl_seconds=180

passed=0
failed=0
skipped=()
times=()

# Everything that a test writes goes below one folder and every process that it starts carries one mark, so that
# what is left behind is found.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hangou-test.XXXXXX")
chmod 711 "$scratch" # PostgreSQL runs as a user of its own below it
results=$(mktemp -d "${TMPDIR:-/tmp}/hangou-results.XXXXXX")
mark="HANGOU_TEST_RUN=$(basename "$scratch")"

# Ids of the processes that carry the mark.
marked() {
  local file
  for file in /proc/[0-9]*/environ; do
    # Without -q: a grep that leaves early would end tr, and with it the pipeline, as a failure.
    if tr '\0' '\n' <"$file" 2>/dev/null | grep -xF "$mark" >/dev/null; then
      basename "$(dirname "$file")"
    fi
  done 2>/dev/null || true
}

clean_up() {
  local pids
  pids=$(marked)
  [[ -z $pids ]] || kill -9 $pids 2>/dev/null || true
  rm -rf "$scratch" "$results"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage NAME COMMAND...: runs it and remembers how long it took.
stage() {
  local name=$1 begin=$EPOCHSECONDS status=0
  shift
  echo "== $name"
  "$@" || status=$?
  times+=("$(printf '%5d s  %s' $((EPOCHSECONDS - begin)) "$name")")
  [[ $status -eq 0 ]] || echo "FAILED: $name" >&2
  return $status
}

# one_result STATUS NAME: counts a check that is not a test of CTest.
one_result() {
  if [[ $1 -eq 0 ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $2"
  fi
}

# run_tests FOLDER OPTION...: runs the tests of a build folder and counts them from CTest's own report.
run_tests() {
  local folder=$1 report="$results/report.xml" status=0 lines tests failures skips
  shift
  rm -f "$report"
  env TMPDIR="$scratch" "$mark" ctest --test-dir "$folder" --parallel "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$report" "${select[@]}" "$@" || status=$?
  if [[ ! -s $report ]]; then
    one_result 1 "ctest in $folder"
    return 0
  fi
  mapfile -t lines < <(/usr/bin/python3 -B tools/ctest_report.py "$report")
  read -r tests failures skips <<<"${lines[0]}"
  skipped+=("${lines[@]:1}")
  failed=$((failed + failures))
  passed=$((passed + tests - failures - skips))
  # CTest counts a failure that its report does not name: never call that a success.
  [[ $status -eq 0 || $failures -gt 0 ]] || one_result 1 "ctest in $folder (status $status)"
}

nothing_left_behind() {
  local pids pid left
  pids=$(marked)
  left=$(find "$scratch" -mindepth 1 -maxdepth 2)
  for pid in $pids; do
    echo "process left behind: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
  [[ -z $left ]] || printf 'files left behind:\n%s\n' "$left"
  [[ -z $pids && -z $left ]]
}

fuzz() {
  local target count=0 status
  for target in build-asan/fuzz/*; do
    [[ -x $target && -f $target ]] || continue
    count=$((count + 1))
    mkdir -p "$scratch/corpus"
    status=0
    env "$mark" "$target" -max_total_time=$fuzz_seconds -max_len=512 -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="$root/build-asan/fuzz/" "$scratch/corpus" \
      "tests/fuzz/corpus/$(basename "$target")" >"$results/fuzz.log" 2>&1 || status=$?
    grep -E 'number_of_executed_units|Done ' "$results/fuzz.log" | sed "s|^|$(basename "$target"): |" || true
    [[ $status -eq 0 ]] || tail -n 40 "$results/fuzz.log"
    one_result $status "fuzz target $(basename "$target")"
    rm -rf "$scratch/corpus"
  done
  [[ $count -gt 0 ]] || one_result 1 "fuzz targets (there are none)"
}

# Figures of so short runs mean nothing; that every comparison runs to its end does.
compare_briefly() {
  local name status
  for name in publish get batch_get asof list validate import compare compare_clickhouse compare_total compare_cold \
    compare_growth compare_pack compare_continuous; do
    status=0
    env TMPDIR="$scratch" "$mark" tests/benchmarks/run.sh "$name" --runs 1 --records 5000 \
      >"$results/compare.log" 2>&1 || status=$?
    grep '^RESULT ' "$results/compare.log" || status=1
    [[ $status -eq 0 ]] || tail -n 20 "$results/compare.log"
    one_result $status "comparison $name"
  done
}

buf_lint() {
  if ! command -v npx >/dev/null; then
    skipped+=("buf lint: npx is not here")
    return 0
  fi
  local status=0
  timeout 300 npx --yes "@bufbuild/buf@$buf_version" lint proto || status=$?
  one_result $status "buf lint"
}

chart_on_a_cluster() {
  if [[ -z ${KUBECONFIG:-} || -z ${HANGOU_K8S_LOAD:-} ]]; then
    skipped+=("the chart on Kubernetes: KUBECONFIG or HANGOU_K8S_LOAD is not set")
    return 0
  fi
  local log="$results/kubernetes.log" counts
  HANGOU_BIN="$root/build/bin" tests/kubernetes/run.sh --load "$HANGOU_K8S_LOAD" \
    ${HANGOU_K8S_BASE:+--base "$HANGOU_K8S_BASE"} 2>&1 | tee "$log" || true
  counts=$(tail -n 1 "$log")
  if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
  else
    one_result 1 "the chart on Kubernetes (it did not come to its end)"
  fi
}

# grpcurl is a Go program: where Go is at hand it is built once below build/, else its test skips itself visibly.
get_grpcurl() {
  command -v go >/dev/null || return 0
  GOBIN="$root/build/tools" timeout $grpcurl_seconds \
    go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl_version" >"$results/go.log" 2>&1 || {
    tail -n 3 "$results/go.log"
    echo "grpcurl could not be built; its test is skipped"
  }
}

finish() {
  echo
  echo "Where the time went:"
  printf '%s\n' "${times[@]}"
  if [[ ${#skipped[@]} -gt 0 ]]; then
    echo "Skipped:"
    printf '  %s\n' "${skipped[@]}"
  fi
  [[ $long -eq 1 ]] ||
    echo "Left out: tests labelled long, sanitizers, fuzz targets, buf lint, Kubernetes (--long runs them)."
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 && $passed -gt 0 ]]
}

stage "install what is missing" tools/setup.sh $([[ $long -eq 1 ]] && echo --long)
source tools/build.sh
stage "configure" configure release
stage "build" build_targets build
export PATH="$root/build/tools:$PATH"
command -v grpcurl >/dev/null || stage "grpcurl, where Go is at hand" get_grpcurl
if [[ $long -eq 1 ]]; then
  export HANGOU_KILLS=200
  stage "tests" run_tests build
  stage "comparisons, briefly" compare_briefly
  stage "configure with sanitizers" configure asan+ubsan
  stage "build with sanitizers" build_targets build-asan
  # The system's libraries are built without sanitizers: containers that cross into them would be false findings.
  export ASAN_OPTIONS=detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1
  export LSAN_OPTIONS="suppressions=$root/tools/leaks_of_others.txt:print_suppressions=0"
  # What takes long runs on the release build above; here every test runs once under the sanitizers.
  unset HANGOU_KILLS
  stage "tests with sanitizers" run_tests build-asan -LE '^long$'
  stage "fuzz targets" fuzz
  stage "buf lint" buf_lint
  stage "the chart on Kubernetes" chart_on_a_cluster
else
  stage "tests" run_tests build -LE '^long$'
fi
if [[ $failed -eq 0 ]]; then
  status=0
  nothing_left_behind || status=$?
  one_result $status "nothing is left behind"
fi
finish
