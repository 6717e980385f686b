# What the loads share: a folder of their own, what they start, and its end. Sourced by the scripts.
#
# What is started goes into `pids`, and is stopped when the script ends; then `folder` is deleted,
# unless KEEP=1.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
script=$(basename "$0" .sh)
folder=$(mktemp -d "${TMPDIR:-target}/$script.XXXXXX")
pids=()

# What a script has to do at its end, when nobody runs any more; scripts say for themselves.
clean_up() { :; }

finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  clean_up
  # Who wants to look at the logs and loads afterwards says so.
  [ -n "${KEEP:-}" ] && echo "$script: see $folder" >&2 || rm -rf "$folder"
}
trap finish EXIT

# address_in LOG: waits until the log names an address, and prints it.
address_in() {
  for _ in $(seq 200); do
    grep -oEm1 '127\.0\.0\.1:[0-9]+' "$1" 2>/dev/null && return
    sleep 0.05
  done
  echo "$script: no address in $1" >&2
  cat "$1" >&2
  return 1
}

# has_caught_up URL: whether the server has nothing left to do.
has_caught_up() {
  curl -s "$1/actuator/health" |
    jq -e '[.components[].details.behind // "0" | tonumber] | max == 0' >/dev/null
}
