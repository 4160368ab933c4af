#!/usr/bin/env bash
# Tries the files in deploy/ with the real programs, as far as they are on this machine, and says of each step whether
# it was tried. Ends with 1 if one failed. `make deploy-test` runs it.
#
#   CONTAINER=no   leaves the container out: it takes minutes and downloads 250 MB
#   BASE=IMAGE     base of the container (default: the recipe's own; where no image registry can be reached, one made
#                  from Debian's packages, if root, debootstrap and buildah are there)
# shellcheck disable=SC2317  # the functions that `attempt` calls
set -u
cd "$(dirname "$0")/.." || exit

program=$PWD/.venv/bin/cockpit-assistant
work=$(mktemp -d)
chmod 755 "$work"
failed=0
images=()
tool=
clean_up() {
    rm -rf "$work"
    [ "${#images[@]}" = 0 ] || "$tool" rmi "${images[@]}" >/dev/null
}
trap clean_up EXIT

tried() { printf '  tried      %s\n' "$*"; }
not_tried() { printf '  not tried  %s\n' "$*"; }
wrong() {
    printf '  FAILED     %s\n' "$1"
    tail -n 30 "$work/log" | sed 's/^/             /'
    failed=1
}
has() { command -v "$1" >/dev/null 2>&1; }

# attempt WHAT COMMAND…: its output is shown only if it fails.
attempt() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then tried "$what"; else
        wrong "$what"
        return 1
    fi
}

# --- broker ----------------------------------------------------------------------------------------------------

try_broker() {
    echo "Broker"
    local path=$PATH:/usr/sbin
    if PATH=$path has mosquitto && has openssl; then
        attempt "trial.conf, production.conf, acl.conf, make-certificates.sh, with $(PATH=$path mosquitto -h | head -n 1)" \
            .venv/bin/pytest tests/vehicle/test_mosquitto.py
    else
        not_tried "the configurations: mosquitto or openssl is not installed"
    fi
}

# --- service ---------------------------------------------------------------------------------------------------

verify_unit() {
    # RestartSteps and RestartMaxDelaySec are for systemd 254 and newer; older ones say that they leave them out.
    ! systemd-analyze verify "$1" 2>&1 | grep -v "Unknown key.* 'Restart\(Steps\|MaxDelaySec\)'"
}

# ends_with STATUSES SETTING…: whether the unit's command, with the unit's variables and these, ends with one of them.
ends_with() {
    local expected=$1
    shift
    (
        cd "$work/state" || exit 1
        env -i PATH="$PATH" HOME="$work/state" COCKPIT_CACHE="$work/state" PYTHONDONTWRITEBYTECODE=1 "$@" \
            timeout 60 "${account[@]}" "$program" --config "$work/cockpit.toml" run
    )
    local status=$?
    echo "exit status $status, expected one of: $expected"
    [[ " $expected " == *" $status "* ]]
}

try_service() {
    echo "Service"
    if ! has systemd-analyze; then
        not_tried "systemd-analyze verify and security: systemd is not installed"
    else
        sed "s,^ExecStart=[^ ]*,ExecStart=$program," deploy/systemd/cockpit-assistant.service \
            >"$work/cockpit-assistant.service"
        attempt "systemd-analyze verify" verify_unit "$work/cockpit-assistant.service"
        attempt "systemd-analyze security: exposure below 2.0" \
            systemd-analyze security --offline=true --threshold=20 "$work/cockpit-assistant.service"
    fi
    if has systemd-sysusers; then
        mkdir -p "$work/image/etc"
        attempt "systemd-sysusers makes the account" \
            systemd-sysusers --root="$work/image" "$PWD/deploy/systemd/cockpit-assistant.sysusers"
    else
        not_tried "the account: systemd-sysusers is not installed"
    fi

    cp deploy/cockpit.toml "$work/"
    mkdir -p "$work/state/models"
    cp -r "$(.venv/bin/python -c 'from cockpit_assistant.models import path; print(path("whisper-base"))')" \
        "$work/state/models/"
    account=()
    local who="this account"
    if [ "$(id -u)" = 0 ] && has setpriv; then
        account=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs)
        who="an account without rights"
        chown -R 65534:65534 "$work/state"
        if ! "${account[@]}" "$program" --help >/dev/null 2>&1; then
            account=()
            who="root, since other accounts can't read $(dirname "$(readlink -f .venv/bin/python)")"
        fi
    fi
    attempt "wrong settings end the service for good (2), as $who" ends_with 2 COCKPIT_BUS_PORT=many
    attempt "a broker or microphone that is missing is tried again (5, 4), as $who" \
        ends_with "4 5" COCKPIT_BUS_PORT=9 COCKPIT_SPEECH_ENGINE=none
}

# --- container -------------------------------------------------------------------------------------------------

container_tool() {
    if has buildah; then
        echo buildah
    elif has podman; then
        echo podman
    elif has docker && docker info >/dev/null 2>&1; then
        echo docker
    fi
}

# The mirror and the authority that pip uses on this machine, as build secrets.
pip_secrets() {
    local pip=.venv/bin/pip key value
    echo "[global]" >"$work/pip.conf"
    for key in index-url trusted-host proxy; do
        value=$($pip config get "global.$key" 2>/dev/null) && echo "$key = $value" >>"$work/pip.conf"
    done
    value=${PIP_CERT:-$($pip config get global.cert 2>/dev/null)}
    if [ -n "$value" ]; then
        echo "cert = /run/secrets/ca.pem" >>"$work/pip.conf"
        secrets+=(--secret "id=ca.pem,src=$value")
    fi
    secrets+=(--secret "id=pip.conf,src=$work/pip.conf")
}

make_base() {
    debootstrap --variant=minbase bookworm "$work/base" &&
        rm -rf "$work"/base/var/lib/apt/lists/* "$work"/base/var/cache/apt/archives/*.deb &&
        tar -C "$work/base" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -cf "$work/base.tar" . &&
        rm -rf "$work/base" || return
    local container
    container=$(buildah from scratch) && buildah add -q "$container" "$work/base.tar" / &&
        buildah commit -q --rm "$container" localhost/cockpit-assistant-base
}

try_container() {
    echo "Container"
    if [ "${CONTAINER:-yes}" = no ]; then
        not_tried "the recipe: CONTAINER=no"
        return
    fi
    local secrets=() options=()
    tool=$(container_tool)
    case $tool in
        "") not_tried "the recipe: no buildah, no podman, no Docker daemon" && return ;;
        buildah) options=(bud --format docker --isolation chroot) ;;
        podman) options=(build --format docker) ;;
        docker) options=(build) ;;
    esac
    local base=${BASE:-$(sed -n 's/^ARG BASE=//p' deploy/container/Containerfile)}
    if ! timeout 120 "$tool" pull "$base" >"$work/log" 2>&1; then
        if [ -n "${BASE:-}" ] || [ "$tool" != buildah ] || [ "$(id -u)" != 0 ] || ! has debootstrap; then
            not_tried "the recipe: $tool can't get $base ($(tail -n 1 "$work/log" | cut -c1-200))"
            return
        fi
        attempt "a base from Debian's packages, since no registry gives $base" make_base || return
        base=localhost/cockpit-assistant-base
        images+=("$base")
    fi
    pip_secrets
    attempt "$tool builds the image" "$tool" "${options[@]}" --build-arg BASE="$base" "${secrets[@]}" \
        -f deploy/container/Containerfile -t localhost/cockpit-assistant:try . || return
    images=(localhost/cockpit-assistant:try "${images[@]}")
    if [ "$tool" = buildah ]; then
        local container
        container=$(buildah from localhost/cockpit-assistant:try)
        # shellcheck disable=SC2016  # to be expanded inside
        attempt "the image runs, as its own account" buildah run --isolation chroot "$container" -- \
            sh -c 'test "$(id -un)" = cockpit-assistant && cockpit-assistant models verify'
        buildah rm "$container" >/dev/null
    else
        attempt "the image runs" "$tool" run --rm localhost/cockpit-assistant:try models verify
    fi
}

try_broker
try_service
try_container
[ "$failed" = 0 ] && echo "All that was tried works." || echo "Something failed." >&2
exit "$failed"
