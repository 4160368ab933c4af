#!/bin/sh
# What the assistant needs from Debian or Ubuntu: espeak-ng (English pronunciation, fallback voice) and, where the
# system's own Python is used, python3-venv. Installs what is missing if it may, else says what to ask for.
set -u

missing=""
command -v espeak-ng >/dev/null 2>&1 || missing="$missing espeak-ng"
if [ -z "$("$(dirname "$0")/find-python.sh")" ]; then
    missing="$missing python3 python3-venv"
fi
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing programs:$missing. This is not Debian or Ubuntu: install them with your package manager, then run make again." >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    echo "Installing$missing …" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install >/dev/null
elif sudo -n true 2>/dev/null; then
    echo "Installing$missing (sudo) …" >&2
    sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive $install >/dev/null
else
    echo "Missing programs:$missing. You may not install packages here; ask for: sudo $install" >&2
    exit 1
fi || { echo "Installing$missing failed. Try: sudo $install" >&2; exit 1; }
