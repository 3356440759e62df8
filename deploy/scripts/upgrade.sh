#!/usr/bin/env bash
# upgrade.sh VERSION: deploys a version to the environment that ENVIRONMENT names.
set -euo pipefail
[ $# = 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 1; }
exec "$(dirname "$0")/deploy.sh" deploy "${ENVIRONMENT:?ENVIRONMENT is dev, staging or prod}" "$1"
