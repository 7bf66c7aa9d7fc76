#!/usr/bin/env bash
# Make the Python environment with the pinned packages of pyproject.toml.
# TORCH=cpu (default) takes a build of torch without CUDA where the package index has one.
set -euo pipefail
venv=$1

"${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2
    exit 2
}
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)

torch=$(sed -n 's/^ *"\(torch==[^"]*\)",$/\1/p' pyproject.toml)
if [ "${TORCH:-cpu}" = cpu ] && ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    if ! "${pip[@]}" install "$torch+cpu" 2>/dev/null; then
        echo "the package index has no CPU build of $torch: installing the default build"
        echo "(for a small one set PIP_EXTRA_INDEX_URL to the index of CPU wheels that pytorch.org names)"
    fi
fi
"${pip[@]}" install --editable '.[test]'
