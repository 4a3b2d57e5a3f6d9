#!/usr/bin/env bash
# Runs a command in a network namespace of its own, which it shares with nobody: what it may reach of this machine's
# 127.0.0.1, and what reaches it there, goes through gates, one process each, that a test can stop and let go on.
# Usage: tests/integration/isolated.sh FOLDER IN OUT -- COMMAND...
#   FOLDER  for sockets and logs; FOLDER/gates gets the ids of the gates to OUT, one a line
#   IN      port of 127.0.0.1 at which the command listens, and is reached at the same port outside
#   OUT     ports of 127.0.0.1 outside that it reaches at the same ports, separated by commas
# The command takes the place of this script and keeps its process id; the gates end with the command.
set -euo pipefail

# gate SOCAT_ARGUMENT...: a process group of its own, which ends with the command.
gate() {
  setsid bash -c '"${@:2}" & tail --pid="$1" -f /dev/null; kill -9 -- "-$$"' _ $$ socat "$@" \
    >>"$folder/gates.log" 2>&1 &
}

if [[ $1 != --inside ]]; then
  folder=$1
  mkdir -p "$folder"
  IFS=, read -ra out <<<"$3"
  : >"$folder/gates"
  for port in "${out[@]}"; do
    gate "UNIX-LISTEN:$folder/$port,fork" "TCP:127.0.0.1:$port"
    echo $! >>"$folder/gates"
  done
  gate "TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr,fork" "UNIX-CONNECT:$folder/in"
  as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(--map-root-user)
  exec unshare "${as_root[@]}" --net "$0" --inside "$@"
fi
shift
folder=$1
in=$2
IFS=, read -ra out <<<"$3"
shift 4
ip link set lo up
for port in "${out[@]}"; do
  gate "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "UNIX-CONNECT:$folder/$port"
done
gate "UNIX-LISTEN:$folder/in,fork" "TCP:127.0.0.1:$in"
exec "$@"
