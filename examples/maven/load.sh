#!/bin/sh
# Loads the Maven "CRM Sales Opportunities" files into Guanxi: examples/maven/load.sh FOLDER [guanxi options]
# FOLDER holds accounts, products, sales_teams and sales_pipeline… as .csv or .csv.gz; options go to every command,
# for example --home /srv/guanxi or --as me@example.com. Loading twice changes nothing.
set -eu
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 FOLDER [guanxi options]" >&2
    exit 2
fi
folder=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
guanxi=${GUANXI:-guanxi}

file() { # the first file whose name begins like this
    for found in "$folder/$1"*.csv "$folder/$1"*.csv.gz; do
        if [ -f "$found" ]; then
            printf '%s\n' "$found"
            return
        fi
    done
    echo "$folder has no file $1….csv or $1….csv.gz" >&2
    exit 1
}

teams=$(file sales_teams)
products=$(file products)
accounts=$(file accounts)
deals=$(file sales_pipeline)

load() { # object, file, mapping
    echo "$3" >&2
    object=$1 from=$2 map=$3
    shift 3
    "$guanxi" import "$object" "$from" --map "$here/$map.map.json" "$@"
}

ready() { # an empty home gets its workspace first; --as belongs to the imports only
    if "$guanxi" export team "$@" >/dev/null 2>&1; then
        return
    fi
    for option in "$@"; do
        shift
        if [ "${skip-}" ]; then
            skip=
        elif [ "$option" = --as ]; then
            skip=yes
        else
            set -- "$@" "$option"
        fi
    done
    "$guanxi" setup "$@" >&2
}

ready "$@"
load team "$teams" regions "$@"
load team "$teams" teams "$@"
load user "$teams" managers "$@"
load user "$teams" agents "$@"
load team "$teams" leads "$@"
load product "$products" products "$@"
load account "$accounts" accounts "$@"
load opportunity "$deals" opportunities "$@"
