#!/usr/bin/env bash
# Every check that needs a GPU, in under eight minutes:
#     benchmarks/gpu.sh RESULTS.json
# PYTHON is a Python with torch for the GPU (python3). What else is missing is installed into a folder beside it that is
# removed at the end: from WHEELS, a folder of wheels, where there is no network. Further words go to `benchmarks gpu`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?usage: benchmarks/gpu.sh RESULTS.json}
shift
python=${PYTHON:-python3}

missing() { "$python" -c 'import av, cv2, joblib, lz4, numpy, openvino, PIL, pytest' 2>/dev/null && return 1 || return 0; }

if missing; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    "$python" -m venv --system-site-packages "$folder"
    python=$folder/bin/python
    # the torch that is here fits its driver: it is not replaced
    grep -hv -e '^torch' -e '^-r' requirements.txt requirements-dev.txt > "$folder/wanted.txt"
    "$python" -m pip install --quiet --disable-pip-version-check ${WHEELS:+--no-index --find-links "$WHEELS"} \
        -r "$folder/wanted.txt"
fi
"$python" -m benchmarks gpu --out "$out" "$@"
