#!/usr/bin/env bash
# The main job, told in numbered steps on a made-up city. Every step checks itself: where something else comes back
# than the story says, the script fails. Usage: tools/demo/story.sh BIN_FOLDER [KEEP_FOLDER]
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$1
keep=${2:-}
# Tests tell the story of a smaller city.
people=${HANGOU_DEMO_PEOPLE:-20000}
companies=$((people / 4))

begun=$EPOCHREALTIME
work=$(mktemp -d "${TMPDIR:-/tmp}/hangou-demo.XXXXXX")
data=${keep:-$work/data}
mkdir -p "$data"
server=
subscriber=

stop() {
  local pid=$1 waited
  kill "$pid" 2>/dev/null || return 0
  for ((waited = 0; waited < 100; waited++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
# with_children PID: the process and everything below it.
with_children() {
  local child
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do with_children "$child"; done
  echo "$1"
}
clean_up() {
  local status=$? child pid
  trap - EXIT
  [[ -z $subscriber ]] || stop "$subscriber"
  [[ -z $server ]] || stop "$server"
  # Publishers and answers that an interrupted story leaves behind.
  for child in $(jobs -p); do
    for pid in $(with_children "$child"); do kill "$pid" 2>/dev/null || true; done
  done
  if [[ $status -ne 0 && -s $work/server.log ]]; then
    echo "The last lines of the server:" >&2
    tail -n 20 "$work/server.log" >&2
  fi
  rm -rf "$work"
  [[ -z $keep ]] || echo "The data folder stays in $keep"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

source "$here/telling.sh"
source "$here/comparing.sh"

# start_server ADDRESS: starts it and waits until it serves.
start_server() {
  rm -f "$data/config.yaml"
  "$bin/hangou" standalone --data "$data" --listen "$1" >>"$work/server.log" 2>&1 &
  server=$!
  local waited
  for ((waited = 0; waited < 300; waited++)); do
    kill -0 "$server" 2>/dev/null || { echo "the server did not start" >&2; exit 1; }
    [[ ! -s $data/config.yaml ]] || break
    sleep 0.1
  done
  address=$(awk '$1 == "address:" { print $2; exit }' "$data/config.yaml")
  "$bin/hangou" --address "$address" --identity "$data/identities/manager-1" get departments >/dev/null
}

# identity DEPARTMENT ROLE: issues it; its folder is $data/identities/DEPARTMENT-ROLE.
identity() { "$bin/hangou" certs issue --data "$data" --department "$1" --role "$2" >/dev/null; }

step "A city on paper, and the platform in one process"
tell "citygen makes $people people and $companies companies from a seed: valid identifiers, made-up names, 3 % of the" \
  "rows damaged or misspelled in 19 ways. Divisions are the real ones, Yangzhou from province to village."
"$bin/citygen" --seed 1 --people $people --companies $companies --data "$root/data" \
  --catalog "$root/examples/city/base" --out "$work/city"
start_server 127.0.0.1:0
tell "hangou standalone listens on $address, mutual TLS only; it made a development CA and its own identities."
departments=(psb civil hrss health scjg tax nrp credit_office)
for department in "${departments[@]}"; do
  identity "$department" publisher
  identity "$department" consumer
done
show manager-1 certs list --data "$data" | pick 8

step "The catalog: what there is, and who may have what"
apply=$(quiet manager-1 apply -f "$root/examples/city/base" -o json)
tell "hangou apply -f examples/city/base, by manager-1. $(report count "$apply" results) objects are in force; an" \
  "empty catalog needs no second manager. Epoch $(report get "$apply" epoch), EFFECTIVE in every service after" \
  "$(report get "$apply" effective_after_ms) ms."
show manager-1 get resources
tell "The negative list: what may not be shared, with whom, and on which law."
show manager-1 get negative-list

step "Eight departments publish into five base libraries"
publish_city
tell "One of the damaged rows, as it stands in the file of rejected rows beside its reason:"
sample_rejected

step "The tax bureau reads a resident, for the purpose tax_risk"
pick_people
show tax-consumer query psb.resident --id "$person" --purpose tax_risk
tell "The name is masked, the address was not granted, and the police's own mark is withheld by law: each line says" \
  "why."

step "The same resident, to other eyes"
tell "The credit office was granted the blood type; the negative list wins:"
show credit_office-consumer query psb.resident --id "$person" --purpose credit_review
tell "The market administration may only compare; no value leaves:"
show_partly scjg-consumer verify psb.resident --id "$person" --purpose market_registration \
  "name=$name" birth_date=1900-01-01
tell "Social relief needs the case it serves:"
refused CASE_NUMBER_REQUIRED civil-consumer query psb.resident --id "$person" --purpose social_relief
show civil-consumer query psb.resident --id "$person" --purpose social_relief --case YZ-2026-0117

step "What is refused, and why"
tell "The whole resource is on the negative list for this department:"
refused NEGATIVE_LIST scjg-consumer query civil.marriage --id "$person" --purpose market_registration
tell "A resource that is not shared at all, by law:"
refused - credit_office-consumer query tax.declaration --id "$company" --purpose credit_review
tell "A grant that has run out:"
refused GRANT_EXPIRED psb-consumer query hrss.social_insurance --id "$person" --purpose population_registration
tell "Another department's purpose:"
refused PURPOSE_NOT_REGISTERED tax-consumer query psb.resident --id "$person" --purpose credit_review
tell "Publishing what another department answers for:"
head -n 2 "$work/city/psb.resident.csv" >"$work/one.csv"
refused NOT_PROVIDER health-publisher publish psb.resident "$work/one.csv" --rejected "$work/x.csv"
tell "A certificate of somebody else's authority does not get past the handshake:"
foreign_identity
refused - foreign get departments --timeout 5

step "A live subscription loses a field when the list changes"
subscribe_and_tighten

step "Loosening needs two"
tell "manager-1 applies a new grant: the social security bureau shall see payments."
refused NO_GRANT hrss-consumer query tax.payment --id "$payer" --purpose insurance_audit
show manager-1 apply -f "$root/examples/city/later/grant.yaml"
change=$(report get "$(quiet manager-1 get changes -o json)" id)
tell "Whoever applied it cannot approve it:"
refused SECOND_MANAGER_REQUIRED manager-1 approve "$change"
show manager-2 approve "$change"
show hrss-consumer query tax.payment --id "$payer" --purpose insurance_audit | pick 12

step "From other departments' records to a recovered amount"
tell_levy

# record_of PERSON: the resident and its place in the log, without the decision that follows.
record_of() { quiet tax-consumer query psb.resident --id "$1" --purpose tax_risk -o json | sed -n 1p; }

step "kill -9, and nothing that was acknowledged is lost"
before=$(record_of "$person")
kill -9 "$server"
wait "$server" 2>/dev/null || true
restarted=$EPOCHREALTIME
start_server "$address"
tell "The process was killed and started again; after $(seconds_since "$restarted") s it serves."
after=$(record_of "$person")
[[ $before == "$after" ]] || fail "the record differs after the restart"
tell "The resident of step 4 comes back the same, revision and position included."

step "What the audit shows"
show auditor audit tail -n 12
audit_summary
tell "Who accessed the data of the resident of step 4, before and after the kill:"
show auditor audit who --entity "person:$person" -n 5
show auditor audit heads
show auditor audit verify

step "Figures of this run, on $(nproc) cores, with every client on the same machine"
figures
printf '\nDone, in %s s. README.md shows the same by hand.\n' "$(seconds_since "$begun")"
