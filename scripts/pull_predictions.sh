#!/bin/sh
# Nightly batch forecast, ready for cron:
#   15 2 * * *  CITY_RESILIENCE_DATA=/srv/panel.csv /srv/city-resilience/scripts/pull_predictions.sh
#
# Settings (environment variables; unset ones forecast the demonstration; relative paths start at the
# project's folder):
#   CITY_RESILIENCE_DATA     the whole panel: CSV, XLSX or Parquet    [experiments/demo/panel.csv]
#   CITY_RESILIENCE_MODEL    bundle folder, or a registered model by alias or version [models/demo]
#   CITY_RESILIENCE_OUT_DIR  where the dated forecasts go             [out/predictions]
#   CITY_RESILIENCE_FORMAT   csv, xlsx or parquet                     [csv]
#   CITY_RESILIENCE_OPTIONS  further options of predict, such as --lang zh [none]
#   CITY_RESILIENCE_LOG      one line per run is added here           [<out dir>/pull_predictions.log]
#   CITY_RESILIENCE_COMMAND  the program itself                       [.venv/bin/city-resilience, else the path]
#
# Writes <out dir>/forecast-YYYY-MM-DD.<format> and its .manifest.json, whole or not at all; a second run
# on the same day replaces them. Prints nothing when all is well, so cron sends mail only on failure or alarm.
# An alarm is printed, added to the log and kept in the manifest; the forecast is written all the same.
# Exit code: that of `city-resilience predict --strict` (0 done, 2 bad input, 3 done with an alarm), or 75
# when another run is still at work.
set -u
umask 022

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) && cd "$root" || exit 1
data=${CITY_RESILIENCE_DATA:-$root/experiments/demo/panel.csv}
model=${CITY_RESILIENCE_MODEL:-$root/models/demo}
out_dir=${CITY_RESILIENCE_OUT_DIR:-$root/out/predictions}
format=${CITY_RESILIENCE_FORMAT:-csv}
log=${CITY_RESILIENCE_LOG:-$out_dir/pull_predictions.log}
command=${CITY_RESILIENCE_COMMAND:-$root/.venv/bin/city-resilience}
[ -x "$command" ] || [ -n "${CITY_RESILIENCE_COMMAND:-}" ] || command=city-resilience

name=forecast-$(date +%Y-%m-%d).$format
started=$(date +%s)
lock=$out_dir/.pull_predictions.lock
work=
own_lock=

keep() { # the files of the forecast take their places, the manifest last
  rm -f "$out_dir/$name.manifest.json" || return 1
  for file in "$work"/forecast-*; do
    [ "$file" = "$work/$name.manifest.json" ] || mv -f "$file" "$out_dir/" || return 1
  done
  mv -f "$work/$name.manifest.json" "$out_dir/"
}

finish() { # finish EXIT_CODE MESSAGE: one log line, nothing left behind
  trap - EXIT HUP INT TERM
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$own_lock" ] || rm -rf "$own_lock"
  printf '%s exit=%s seconds=%s data=%s model=%s out=%s %s\n' "$(date +%Y-%m-%dT%H:%M:%S%z)" "$1" \
    "$(($(date +%s) - started))" "$data" "$model" "$out_dir/$name" "$2" >>"$log"
  [ "$1" -eq 0 ] || printf 'pull_predictions: %s\n' "$2" >&2
  exit "$1"
}

mkdir -p "$out_dir" "$(dirname -- "$log")" || exit 1

# The lock ends with the process; without flock, a folder holds the process id instead.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$lock" || exit 1
  flock -n 9 || finish 75 "skipped: another run is still at work"
else
  lock=$lock.d
  if ! mkdir "$lock" 2>/dev/null; then
    kill -0 "$(cat "$lock/pid" 2>/dev/null)" 2>/dev/null && finish 75 "skipped: another run is still at work"
    rm -rf "$lock"
    mkdir "$lock" || finish 75 "skipped: another run took the lock"
  fi
  echo $$ >"$lock/pid"
  own_lock=$lock
fi

rm -rf "$out_dir"/.partial.*
work=$(mktemp -d "$out_dir/.partial.XXXXXX") || finish 1 "no folder could be made in $out_dir"
trap 'finish "$?" "stopped"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck disable=SC2086 # the options are words
"$command" predict --data "$data" --out "$work/$name" --model "$model" --strict ${CITY_RESILIENCE_OPTIONS:-} >/dev/null 2>"$work/errors"
code=$?
message=$(grep -v '^[[:space:]]*$' "$work/errors" | tail -n 1)
if [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then
  if [ -s "$work/$name" ] && [ -s "$work/$name.manifest.json" ] && keep; then
    if [ "$code" -eq 3 ]; then
      grep '^Alarm: ' "$work/errors" | tee -a "$log" >&2
    else
      message=done
    fi
  else
    code=1
    message="the forecast or its manifest was not written"
  fi
fi
finish "$code" "${message:-failed without a message}"
