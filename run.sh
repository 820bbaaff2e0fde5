#!/usr/bin/env bash
# The executable documentation: every word does all its own set-up. ./run.sh help lists them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

VENV=${MONITOR_VENV:-.venv}
# What Python compiles is kept beside the sources: else each of the tests' hundreds of processes compiles all of it again.
unset PYTHONDONTWRITEBYTECODE

say() { printf '• %s\n' "$*" >&2; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

python_command() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "needs Python 3.11 or newer, and found none (Debian and Ubuntu: apt-get install python3 python3-venv)"
}

# ensure EXTRAS: the virtual environment holds the project with these extras, made or mended when it does not.
ensure() {
  local extras=$1 python extra missing=
  if [ ! -x "$VENV/bin/python" ]; then
    python=$(python_command)
    say "making the virtual environment $VENV with $("$python" --version)"
    "$python" -m venv "$VENV" 2>/dev/null || {
      rm -rf "$VENV"
      fail "Python's venv module does not work (Debian and Ubuntu: apt-get install python3-venv)"
    }
  fi
  # Installed before, with these extras, from this pyproject.toml? Then there is nothing to do.
  for extra in core ${extras//,/ }; do
    if [ ! -e "$VENV/.installed-$extra" ] || [ pyproject.toml -nt "$VENV/.installed-$extra" ]; then
      missing=yes
    fi
  done
  [ -n "$missing" ] || return 0
  say "installing media-monitor${extras:+ with what $extras needs} (one to three minutes the first time)"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}" \
    || fail "the installation failed; the lines above say why (pip needs its package index or a mirror)"
  for extra in core ${extras//,/ }; do
    touch "$VENV/.installed-$extra"
  done
}

case ${1:-help} in
  install)
    ensure ""
    say "ready: $VENV/bin/monitor --help"
    ;;
  demo)
    ensure ""
    exec "$VENV/bin/monitor" demo "${@:2}"
    ;;
  run)
    ensure ""
    exec "$VENV/bin/monitor" run "${@:2}"
    ;;
  test)
    ensure test
    exec "$VENV/bin/python" -m pytest -m "not soak" -q -n 4 --dist worksteal "${@:2}"
    ;;
  soak)
    ensure test
    exec "$VENV/bin/python" -m pytest -m soak -q -s "${@:2}"
    ;;
  check)
    ensure check,test
    say "ruff"
    "$VENV/bin/ruff" check .
    "$VENV/bin/ruff" format --check --quiet . || fail "not formatted: $VENV/bin/ruff format ."
    say "mypy"
    "$VENV/bin/mypy"
    say "import-linter"
    "$VENV/bin/lint-imports" --no-cache
    say "shipped config and rules"
    "$VENV/bin/monitor" check -c config.example.toml
    ;;
  docs)
    ensure test
    exec "$VENV/bin/python" -m pytest -q tests/docs "${@:2}"
    ;;
  help | -h | --help)
    cat <<'EOF'
./run.sh demo      see the whole pipeline work on sample stories
./run.sh test      the test suite (eight to thirteen minutes on two cores)
./run.sh run       the daemon: ./run.sh run -c config.toml
./run.sh install   only make the virtual environment
./run.sh check     style, types, floors, shipped config and rules
./run.sh soak      the long tests: crashes, load, time
./run.sh docs      what the docs promise is real
EOF
    ;;
  *)
    fail "no such word: $1 (./run.sh help lists them)"
    ;;
esac
