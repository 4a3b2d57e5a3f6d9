# How the story is told (sourced by story.sh): steps, commands with what they answered, and checks.

step_number=0
bold=$([[ -t 1 ]] && printf '\033[1m' || true)
plain=$([[ -t 1 ]] && printf '\033[0m' || true)

step() {
  step_number=$((step_number + 1))
  printf '\n%s%d. %s%s\n' "$bold" "$step_number" "$1" "$plain"
}
tell() { printf '%s\n' "$*" | fold -s -w 116; }
fail() {
  echo "THE STORY BROKE: $*" >&2
  exit 1
}

# The command as somebody would type it, with a context for the identity.
typed() {
  local context=$1 word line="   \$ hangou"
  shift
  for word in "$@"; do
    [[ $word == *[[:space:]]* ]] && word="'$word'"
    line+=" ${word//$root\//}"
  done
  line=${line//$data/DATA}
  line=${line//$work/CITY}
  printf '%s --context %s\n' "$line" "$context"
}

# quiet IDENTITY ARGUMENT...: runs the command as an identity of the data folder.
quiet() {
  local identity=$1
  shift
  "$bin/hangou" --address "$address" --identity "$data/identities/$identity" "$@"
}

# answers STATUS IDENTITY ARGUMENT...: shows command and answer, and checks the exit code.
answers() {
  local expected=$1 status=0
  shift
  typed "$@"
  quiet "$@" >"$work/answer" 2>&1 || status=$?
  sed "s#$work#CITY#g; s/^/   /; s/ *\$//" "$work/answer"
  [[ $status -eq $expected ]] || fail "exit code $status instead of $expected"
}
show() { answers 0 "$@"; }
show_partly() { answers 3 "$@"; }

# refused REASON IDENTITY ARGUMENT...: the command is refused, for this reason (-: for any).
refused() {
  local reason=$1
  shift
  answers 1 "$@"
  [[ $reason == - ]] || grep -q "^reason: $reason" "$work/answer" || fail "the reason is not $reason"
}

# pick COUNT: the first lines of a longer answer.
pick() {
  awk -v most="$1" 'NR <= most { print } END { if (NR > most) printf "   ... %d more lines\n", NR - most }'
}

report() { /usr/bin/python3 -B "$here/report.py" "$@"; }
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# wait_for COMMAND...: until it succeeds, 20 s at most.
wait_for() {
  local waited
  for ((waited = 0; waited < 200; waited++)); do
    "$@" && return 0
    sleep 0.1
  done
  fail "this did not happen within 20 s: $*"
}

# Publishes every file of the city, departments side by side, and sums up what came back.
publish_city() {
  local file resource department begin pids=()
  begin=$EPOCHREALTIME
  mkdir -p "$work/published" "$work/rejected"
  for department in "${departments[@]}"; do
    publish_department "$department" &
    pids+=($!)
  done
  for file in "${pids[@]}"; do
    wait "$file" || fail "a department could not publish"
  done
  publish_seconds=$(seconds_since "$begin")
  report published "$work/published" "$publish_seconds" "$work/rate"
}
publish_department() {
  local file resource status
  for file in "$work/city/$1".*.csv; do
    resource=$(basename "$file" .csv)
    status=0
    quiet "$1-publisher" publish "$resource" "$file" --rejected "$work/rejected/$resource.csv" -o json \
      >"$work/published/$resource" || status=$?
    # 3: some rows were refused, as they should be.
    [[ $status -eq 0 || $status -eq 3 ]] || return 1
  done
}
sample_rejected() {
  local file="$work/rejected/psb.resident.csv"
  head -n 1 "$file" | cut -c 1-110 | sed 's/^/   /; s/$/.../'
  sed -n '2s/^/   /p' "$file"
}

# A resident, a company and a payer whose rows are not damaged.
pick_people() {
  person=$(undamaged psb.resident 1)
  name=$(undamaged psb.resident 2)
  company=$(undamaged tax.declaration 1)
  payer=$(undamaged tax.payment 1)
}
# undamaged RESOURCE COLUMN [COUNT]: a cell of the first rows that truth.csv does not name.
undamaged() {
  awk -F, -v file="$1.csv" -v column="$2" -v most="${3:-1}" '
    NR == FNR { if ($1 == file) bad[$2] = 1; next }
    FNR > 1 && !(FNR in bad) && !((FNR + 1) in bad) { print $column; if (++count == most) exit }' \
    "$work/city/truth.csv" "$work/city/$1.csv"
}

foreign_identity() {
  local folder="$data/identities/foreign"
  mkdir -p "$folder"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=foreign \
    -addext 'subjectAltName=URI:spiffe://hangou/department/tax/manager/main' \
    -keyout "$folder/tls.key" -out "$folder/tls.crt" 2>/dev/null
  cp "$data/ca/ca.crt" "$folder/ca.crt"
}

# The tax bureau follows the enterprises; a field goes on the negative list while it does.
subscribe_and_tighten() {
  tell "The tax bureau follows the market administration's enterprises: first what is there, then every change."
  typed tax-consumer subscribe scjg.enterprise --name risk-desk --purpose tax_risk --from snapshot
  # Not through a function: the shell of a function in the background would be stopped in its place.
  "$bin/hangou" --address "$address" --identity "$data/identities/tax-consumer" subscribe scjg.enterprise \
    --name risk-desk --purpose tax_risk --from snapshot -o json >"$work/stream" 2>"$work/stream.err" &
  subscriber=$!
  local expected
  expected=$(report get "$(cat "$work/published/scjg.enterprise")" accepted)
  wait_for changes_at_least "$expected"
  tell "   $(changes) changes came as the snapshot."
  tell "Three companies report a change:"
  publish_update 1
  wait_for changes_at_least $((expected + 3))
  stream_tail 3
  tell "manager-1 puts the contact phone on the negative list. Tightening needs one manager and works at once:"
  show manager-1 apply -f "$root/examples/city/later/negative_list.yaml"
  tell "The same three companies report another change:"
  publish_update 2
  wait_for changes_at_least $((expected + 6))
  stream_tail 3
  grep '"decision"' "$work/stream" | tail -n 1 | grep enterprise-contact-phone >/dev/null ||
    fail "the stream did not name the entry"
  tail -n 3 "$work/stream" | grep contact_phone >/dev/null && fail "the field is still delivered"
  tell "The open stream named the entry and went on without the field; so does every read:"
  show tax-consumer query scjg.enterprise --id "$(sed -n 2p "$work/update.csv" | cut -d, -f1)" --purpose tax_risk
  stop "$subscriber"
  subscriber=
}
changes() { grep -c '^{"change"' "$work/stream" || true; }
changes_at_least() {
  kill -0 "$subscriber" 2>/dev/null || { cat "$work/stream.err" >&2; fail "the subscription ended"; }
  [[ $(changes) -ge $1 ]]
}
stream_tail() { tail -n "$1" "$work/stream" | report stream; }
# publish_update NUMBER: three undamaged enterprises with a phone, updated NUMBER minutes ago at the latest.
publish_update() {
  report update "$work/city" "$(date -u -d "-$((10 - $1)) minutes" +%Y-%m-%dT%H:%M:%SZ)" "$work/update.csv"
  quiet scjg-publisher publish scjg.enterprise "$work/update.csv" --rejected "$work/x.csv" >"$work/update.out" 2>&1 || {
    cat "$work/update.out" >&2
    fail "the update was not taken"
  }
}

audit_summary() { quiet auditor audit tail -n 1000 -o json | report audit; }

# Every line on its own: what was measured, and how.
figures() {
  undamaged psb.resident 1 2000 >"$work/owners"
  local reads decisions
  reads=$("$bin/hangou-bench" reads --address "$address" --identity "$data/identities/tax-consumer" \
    --resource psb.resident --purpose tax_risk --owners "$work/owners" --outstanding 32 --seconds 2)
  decisions=$("$bin/hangou-bench" decisions --catalog "$root/examples/city/base" --seconds 0.5)
  report figures "$(cat "$work/rate")" "$reads" "$decisions"
}
