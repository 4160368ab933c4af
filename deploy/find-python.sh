#!/bin/sh
# Prints the first Python that is new enough and can make virtual environments; nothing where there is none.
for name in python3 python3.13 python3.12 python3.11 python3.10 "$HOME"/.pyenv/versions/3.1[0-3]*/bin/python3; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
