#!/usr/bin/env bash
# Install what the stages need from the system, where that is allowed; else say the exact command.
set -euo pipefail

# program or file, and the Debian package that brings it
needs=(
    "command:g++ g++"
    "command:make make"
    "command:perl perl"
    "command:iverilog iverilog"
    "command:sta opensta"
    "command:ngspice ngspice"
    "command:ccache ccache"
    "header:zlib.h zlib1g-dev"
    "header:lz4.h liblz4-dev"
    "python:ensurepip python3-venv"
    "python:libpython libpython3-dev"
)

# What single features need (LibreLane reads Tcl): installed where that is allowed, else left out.
wants=(
    "python:tkinter python3-tk"
)

present() {
    case "$1" in
        command:*) command -v "${1#command:}" >/dev/null ;;
        header:*) [ -e "/usr/include/${1#header:}" ] ;;
        python:ensurepip) "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null ;;
        python:tkinter) "${PYTHON:-python3}" -c 'import tkinter' 2>/dev/null ;;
        # The simulator loads Python as a library.
        python:libpython) "${PYTHON:-python3}" -c '
import os, sys, sysconfig
config = sysconfig.get_config_var
places = [config("LIBDIR"), os.path.join(config("LIBDIR") or "", config("MULTIARCH") or "")]
names = [config("INSTSONAME"), config("LDLIBRARY")]
found = any(n and p and n.endswith((".so", ".1.0")) and os.path.exists(os.path.join(p, n))
            for p in places for n in names)
sys.exit(not found)' 2>/dev/null ;;
    esac
}

for want in "${wants[@]}"; do
    present "${want%% *}" && continue
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "${want##* }" >/dev/null 2>&1 || echo "not installed: ${want##* } (optional)"
    fi
done

missing=()
for need in "${needs[@]}"; do
    present "${need%% *}" || missing+=("${need##* }")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command="apt-get install -y --no-install-recommends ${missing[*]}"
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $command
    exit 0
fi
echo "missing system packages: ${missing[*]}" >&2
if command -v apt-get >/dev/null; then
    echo "run this, then make again:  sudo apt-get update && sudo $command" >&2
else
    echo "install what your system calls: ${missing[*]}" >&2
fi
exit 2
