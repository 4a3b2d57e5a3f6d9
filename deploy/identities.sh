#!/usr/bin/env bash
# Makes what an installation in containers needs to be known by: a development CA, the key ring, the first people, and
# one identity per service and for a broker. A city with a PKI of its own puts folders of the same shape in place.
# Usage: deploy/identities.sh DIR [--broker-host NAME]... [--owner UID:GID]
#   --broker-host NAME  DNS name or IP address at which clients reach the broker, beside localhost; may be repeated
#   --owner UID:GID     gives identities and key ring to the user of the containers (65532:65532); as root
#
# What is there stays. The command `hangou` is taken from HANGOU (build/bin/hangou).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hangou=${HANGOU:-$root/build/bin/hangou}
# The names that services have in their certificates.
services=(catalog population legal_entity geographic tax credit exchange audit comparison)
hosts=()
owner=

fail() {
  echo "identities: $*" >&2
  exit 1
}

[[ $# -ge 1 && $1 != -* ]] || fail "say the folder; the head of this file explains"
dir=$1
shift
while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || fail "$1 needs a value; the head of this file explains"
  case $1 in
    --broker-host) hosts+=(--host "$2") ;;
    --owner) owner=$2 ;;
    *) fail "there is no option $1; the head of this file explains" ;;
  esac
  shift 2
done
command -v "$hangou" >/dev/null || fail "$hangou is not there: build it, or name it in HANGOU"

# issue WORKLOAD OPTION...: an identity of the platform's own, in DIR/identities/platform-service-WORKLOAD.
issue() {
  local workload=$1
  shift
  [[ -e $dir/identities/platform-service-$workload/tls.key ]] || "$hangou" certs issue --data "$dir" \
    --department platform --role service --workload "$workload" "$@" >/dev/null
}

"$hangou" certs init --data "$dir" >/dev/null
for service in "${services[@]}"; do issue "$service"; done
issue broker "${hosts[@]}"
[[ -z $owner ]] || chown -R "$owner" "$dir"/identities/platform-service-* "$dir/keys"
echo "identities: $dir/identities, key ring: $dir/keys/ring"
