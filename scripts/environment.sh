# Sourced by the other scripts: makes .venv/ with what pyproject.toml names, once per change of it.
# Usage: make_environment EXTRAS   ("eval,ocr" to serve and measure, "dev" to test)
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed (found: $(python3 --version 2>&1 || echo none)); on Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    return 1
}

# install_debian PACKAGE...: with apt-get where this user may; otherwise says what to install.
install_debian() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            echo "please install: apt-get install $*" >&2
            return 1
        fi
        as_root=(sudo -n)
    fi
    "${as_root[@]}" apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >&2
}

make_environment() {
    local extras="$1" python wanted
    python="$(find_python)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_debian "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    # An environment made for the tests serves as well: it is stamped with both sets of extras.
    wanted="$(sha256sum <"$ROOT/pyproject.toml" | cut -c1-16):$extras"
    if [ -x "$VENV/bin/wenzheng" ] && grep -qxF "$wanted" "$VENV/.wenzheng-stamp" 2>/dev/null; then
        return
    fi
    echo "Installing into .venv/ (the first time takes a few minutes) ..." >&2
    [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$ROOT${extras:+[$extras]}"
    printf '%s\n' "${wanted%:*}:eval,ocr" "$wanted" >"$VENV/.wenzheng-stamp"
}
