#!/bin/sh
# Make a certificate authority and certificates for the broker, the assistant and the vehicle: for trials. In production
# the car maker's own authority signs them.
# Usage: make-certificates.sh FOLDER BROKER_HOST
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 FOLDER BROKER_HOST" >&2
    exit 2
fi
folder=$1
host=$2
days=825

mkdir -p "$folder"
cd "$folder"
umask 077

openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -new -x509 -sha256 -days "$days" -key ca.key -out ca.crt -subj "/CN=Cockpit trial authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"

# sign NAME COMMON_NAME EXTENSIONS
sign() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    printf '%s\n' "$3" > "$1.ext"
    openssl req -new -sha256 -key "$1.key" -subj "/CN=$2" |
        openssl x509 -req -sha256 -days "$days" -CA ca.crt -CAkey ca.key -CAcreateserial -extfile "$1.ext" -out "$1.crt"
    rm "$1.ext"
}

case $host in
    *[!0-9.]*) name="DNS:$host" ;;
    *) name="IP:$host" ;;
esac
sign server "$host" "subjectAltName=$name
extendedKeyUsage=serverAuth"
sign assistant assistant "extendedKeyUsage=clientAuth"
sign vehicle vehicle "extendedKeyUsage=clientAuth"
chmod 644 ./*.crt
