#!/bin/sh
# Create a virtual environment with the newest suitable Python, unless a working one is there.
# Usage: make_venv.sh FOLDER [PYTHON]
set -eu

folder=$1
wanted=${2:-}
newest_locked="(3, 13)" # the lock is resolved for Python 3.11 to 3.13; a newer one is the last choice

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
is_locked() { "$1" -c "import sys; sys.exit(sys.version_info[:2] > $newest_locked)" >/dev/null 2>&1; }
has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

for existing in "$folder/bin/python" "$folder/Scripts/python.exe"; do
  if [ -x "$existing" ] && suits "$existing" && "$existing" -m pip --version >/dev/null 2>&1; then
    exit 0
  fi
done

chosen=
later=
without_venv=
for candidate in ${wanted:-python3.13 python3.12 python3.11 python3 python}; do
  suits "$candidate" || continue # a name on the path may be a shim that does not run
  if ! has_venv "$candidate"; then
    without_venv=${without_venv:-$candidate}
  elif is_locked "$candidate"; then
    chosen=$candidate
    break
  else
    later=${later:-$candidate}
  fi
done
chosen=${chosen:-$later}

if [ -z "$chosen" ]; then
  if [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "make: $without_venv (Python $version) has no venv module; install it (Debian, Ubuntu: apt-get install python$version-venv) and run make again" >&2
  elif [ -n "$wanted" ]; then
    echo "make: PYTHON=$wanted is not a Python 3.11 or newer that runs; give the path of one" >&2
  else
    echo "make: no Python 3.11 or newer was found; install one or give its path: make PYTHON=/path/to/python3" >&2
  fi
  exit 2
fi

echo "Creating $folder with $("$chosen" --version 2>&1)"
rm -rf "$folder"
"$chosen" -m venv "$folder"
