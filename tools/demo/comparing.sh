# The tax bureau's work, from other departments' records to money and back to them (sourced by story.sh).

# Companies that the comparison is shown on; enough of them for a handful of planted gaps.
levy_companies=2000
levy_rule=t19_disabled_levy

tell_levy() {
  local table change planted
  tell "Whoever employs more than 30 people owes a levy where too few of them are disabled (残疾人就业保障金). Social" \
    "security knows how many work there and for what wage, the federation how many are disabled, the tax bureau what" \
    "was paid. Their resources, and the grants that the comparison rests on, loosen the policy: two managers."
  "$bin/citygen" --seed 1 --people 1000 --companies $levy_companies --dirty-percent 0 --data "$root/data" \
    --only hrss.unit_summary,disabled.staff,tax.disabled_levy --out "$work/levy" >/dev/null 2>&1
  change=$(report get "$(quiet manager-1 apply -f "$root/examples/city/full" -f "$root/examples/city/comparison" \
    -f "$root/examples/city/results" -o json)" waiting_change)
  show manager-2 approve "$change" | grep -E '^ +(\$|epoch)'
  for table in disabled-publisher disabled-consumer bank-consumer tax-manager; do
    identity "${table%-*}" "${table#*-}"
  done
  for table in hrss.unit_summary disabled.staff tax.disabled_levy; do
    quiet "${table%%.*}-publisher" publish "$table" "$work/levy/$table.csv" >"$work/answer" 2>&1 ||
      fail "$table was not taken: $(cat "$work/answer")"
  done
  quiet tax-manager compare apply -f "$root/examples/comparison/offices.yaml" \
    -f "$root/examples/comparison/parameters.yaml" >/dev/null
  show tax-manager compare apply -f "$root/examples/comparison/rules/$levy_rule.yaml"
  tell "The rule finds what the generator has planted, and nothing else:"
  show tax-consumer compare run $levy_rule
  planted=$(awk -F, '$1 == "T19" && /,hit,/' "$work/levy/gaps.csv" | wc -l)
  quiet tax-consumer compare clues --rule $levy_rule --limit 1000 -o json >"$work/clues"
  [[ $planted -ge 3 && $(wc -l <"$work/clues") -eq $planted ]] || fail "$planted gaps were planted"
  work_on_levy
  publish_levy
}

# The offices answer: one has paid, one is to pay, with one there is nothing to it.
work_on_levy() {
  local first=
  first=$(sed -n 1p "$work/clues")
  tell "Each clue has its evidence: the records as they were found, and the formulas with the numbers put in."
  show tax-consumer compare clue "$(report get "$first" name)" | grep -E '^ +(\$|expected.*\(|unpaid.*\()'
  tell "Offices get a sheet, and send it back: the first has paid, the second is to pay, the third had an explanation."
  show tax-manager compare assign --rule $levy_rule
  quiet tax-consumer compare clues --rule $levy_rule -o csv --to "$work/sheet.csv" >/dev/null 2>&1
  sed -i "2s/,,,,,\$/,属实补税,$(awk -v fen="$(report get "$first" amount_fen)" 'BEGIN { printf "%.2f", fen / 100 }'),,,已补缴/
    3s/,,,,,\$/,属实待补,,,,已催缴/; 4s/,,,,,\$/,无问题,,,,已安排就业/" "$work/sheet.csv"
  show tax-consumer compare feedback "$work/sheet.csv"
  show tax-consumer compare effect | grep -E '^ +(\$|BY|office|all) *'
}

# What was verified goes to the federation, and a bank learns of one company that has authorised it.
publish_levy() {
  local second
  second=$(sed -n 2p "$work/clues")
  tell "What officers have verified goes to others as records of a resource, under grants like all records. A new" \
    "clue is a suspicion, and stays. Who decides on sharing is told which fields of whom each value is made of."
  show tax-manager compare apply -f "$root/examples/results/levy_gap.yaml"
  show tax-publisher compare publish tax.levy_gap
  tell "The federation sees every verified gap; a bank, for a company that has authorised it, whether one is open:"
  show disabled-consumer query tax.levy_gap --all --purpose disabled_levy_review
  show bank-consumer query tax.levy_gap --id "$(report get "$second" subject)" --purpose credit_granting \
    --case YZ-2026-0044
}
