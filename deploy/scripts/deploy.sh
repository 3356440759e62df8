#!/usr/bin/env bash
# Deploys Florin to a cluster, rolls back, and says how it is.
#
#   deploy.sh deploy ENV VERSION|DIGEST [--dry-run]     installs or upgrades; VERSION is looked up in deploy/releases
#   deploy.sh rollback ENV SERVICE [REVISION]           one service gets the image of the last verified revision, or of REVISION
#   deploy.sh emergency-rollback ENV                    everything goes to the last verified revision
#   deploy.sh status ENV                                revision, digest, pods, who deployed last
#   deploy.sh verify ENV                                rolled out, ready, and the books verify; marks the revision
#
# Reads KUBECONFIG, CONTAINER_REGISTRY, HELM_CHARTS_DIR (this repository's deploy/chart), ENVIRONMENT (if ENV is `-`), FLORIN_RELEASE,
# FLORIN_NAMESPACE, FLORIN_VALUES (more values files, separated by colons).
#
# Status: 0 done, 1 refused before anything changed, 2 failed and rolled back, 3 failed and not rolled back.
#
# Two runs at a time are kept apart by a Lease in the namespace. A run that was killed leaves Helm in a pending state, which the next
# one resolves: a pending upgrade goes back to the last deployed revision, a pending installation is removed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
chart=${HELM_CHARTS_DIR:-$here/../chart}
release=${FLORIN_RELEASE:-florin}
timeout=${FLORIN_TIMEOUT:-10m}
lease=florin-deploy

say() { printf '%s\n' "$*"; }
refuse() {
  printf 'deploy.sh: %s\n' "$*" >&2
  exit 1
}

usage() {
  sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2
  exit 1
}

k() { kubectl --namespace "$namespace" "$@"; }
h() { helm --namespace "$namespace" "$@"; }

# The environment, its values and its namespace.
choose() {
  environment=$1
  [ "$environment" != - ] || environment=${ENVIRONMENT:-}
  case $environment in
    dev | staging | prod) ;;
    *) refuse "the environment is dev, staging or prod, found \"$environment\"" ;;
  esac
  namespace=${FLORIN_NAMESPACE:-florin-$environment}
  values=(--values "$chart/values/$environment.yaml")
  local more
  IFS=: read -ra more <<<"${FLORIN_VALUES:-}"
  for file in "${more[@]}"; do
    [ -f "$file" ] || refuse "FLORIN_VALUES names $file, which is not there"
    values+=(--values "$file")
  done
  if [ -n "${CONTAINER_REGISTRY:-}" ]; then values+=(--set "image.repository=$CONTAINER_REGISTRY/florin"); fi
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || refuse "$tool is not installed"
  done
  [ -f "$chart/Chart.yaml" ] || refuse "HELM_CHARTS_DIR is $chart, which has no Chart.yaml"
}

# A version is a line of deploy/releases: VERSION DIGEST.
digest_of() {
  case $1 in
    sha256:*)
      [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "$1 is no digest: sha256: and 64 digits"
      say "$1"
      ;;
    *)
      local found
      found=$(awk -v version="${1#v}" '$1 == version || $1 == "v" version { print $2 }' "$here/../releases" 2>/dev/null | tail -n 1)
      [ -n "$found" ] || refuse "there is no version $1 in deploy/releases; give its digest, sha256:..."
      say "$found"
      ;;
  esac
}

# Rights, before anything changes.
preflight() {
  kubectl version >/dev/null 2>&1 || refuse "the cluster of KUBECONFIG does not answer"
  local kind
  for kind in deployments.apps statefulsets.apps services configmaps jobs.batch networkpolicies.networking.k8s.io leases.coordination.k8s.io; do
    k auth can-i create "$kind" --quiet 2>/dev/null || refuse "you may not create $kind in $namespace"
  done
  h template "$release" "$chart" "${values[@]}" --set "image.digest=$1" >/dev/null 2>"$work/template" ||
    refuse "$(sed 's/^Error: //' "$work/template")"
  [ "${2:-}" = dry ] && return
  h template "$release" "$chart" "${values[@]}" --set "image.digest=$1" | k apply --server-side --dry-run=server --force-conflicts --filename - \
    >/dev/null 2>"$work/apply" || refuse "the cluster refuses it: $(head -n 3 "$work/apply")"
}

# One run at a time. A lease that nobody renews is taken over.
lock() {
  local who
  who="$(id -un)@$(uname -n)/$$"
  k get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace" >/dev/null
  local manifest
  manifest=$(printf '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"%s"},"spec":{"holderIdentity":"%s","leaseDurationSeconds":30,"renewTime":"%s"}}' \
    "$lease" "$who" "$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)")
  if ! k create --filename - <<<"$manifest" >/dev/null 2>&1; then
    local held renewed age
    held=$(k get lease "$lease" --output jsonpath='{.spec.holderIdentity}')
    renewed=$(k get lease "$lease" --output jsonpath='{.spec.renewTime}')
    age=$(($(date +%s) - $(date -d "$renewed" +%s)))
    [ "$age" -gt 30 ] || refuse "$held is deploying, seen $age s ago"
    local version
    version=$(k get lease "$lease" --output jsonpath='{.metadata.resourceVersion}')
    # Two that find it expired do not both get it.
    k patch lease "$lease" --type merge --patch "{\"metadata\":{\"resourceVersion\":\"$version\"},\"spec\":{\"holderIdentity\":\"$who\",\"renewTime\":\"$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)\"}}" \
      >/dev/null 2>&1 || refuse "another run has just taken over from $held"
    say "took over from $held, which was last seen $age s ago"
  fi
  (while sleep 8; do k patch lease "$lease" --type merge --patch "{\"spec\":{\"renewTime\":\"$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)\"}}" >/dev/null 2>&1; done) &
  renewing=$!
}

unlock() {
  [ -z "${renewing:-}" ] || kill "$renewing" 2>/dev/null || true
  [ -z "${renewing:-}" ] || k delete lease "$lease" --ignore-not-found >/dev/null 2>&1 || true
}

# What a killed run left.
recover() {
  local state
  state=$(h status "$release" --output json 2>/dev/null | jq -r .info.status || true)
  case $state in
    pending-install)
      say "an installation was interrupted; removing it"
      h uninstall "$release" --wait --timeout "$timeout" >/dev/null
      ;;
    pending-upgrade | pending-rollback)
      local last
      last=$(h history "$release" --output json | jq '[.[] | select(.status == "deployed" or .status == "superseded") | .revision] | max')
      say "a change was interrupted; going back to revision $last"
      h rollback "$release" "$last" --wait --timeout "$timeout" >/dev/null
      ;;
  esac
}

# A line for people, where the cluster keeps such.
tell() {
  local now
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  k create --filename - >/dev/null 2>&1 <<EVENT || true
{"apiVersion":"v1","kind":"Event","metadata":{"generateName":"florin-deploy-"},"type":"Normal","reason":"Deploy","reportingComponent":"deploy.sh",
 "reportingInstance":"$(uname -n)","firstTimestamp":"$now","lastTimestamp":"$now","count":1,"involvedObject":{"kind":"Namespace","name":"$namespace"},
 "message":"$(id -un) $1 from $2 to $3: $4"}
EVENT
  say "$1 from $2 to $3: $4"
}

revision() { h history "$release" --output json 2>/dev/null | jq -r '[.[] | select(.status == "deployed") | .revision] | max // "none"'; }

last_verified() { k get configmap florin-verified --output jsonpath='{.data.revision}' 2>/dev/null || true; }

is_rolled_out() {
  local role
  for role in $(k get deployments,statefulsets --selector app.kubernetes.io/name=florin --output name); do
    k rollout status "$role" --timeout "$timeout" >/dev/null || { say "$role is not rolled out"; return 1; }
  done
}

verify() {
  is_rolled_out || return 1
  h test "$release" --timeout "$timeout" >"$work/test" 2>&1 || { tail -n 20 "$work/test"; return 1; }
  k create configmap florin-verified --from-literal "revision=$(revision)" --dry-run=client --output yaml | k apply --filename - >/dev/null
  say "revision $(revision) is rolled out, ready, and the books verify"
}

go_back() {
  h rollback "$release" "$1" --wait --timeout "$timeout" >/dev/null || return 1
  is_rolled_out
}

deploy() {
  local digest before
  digest=$(digest_of "$1")
  if [ "${2:-}" = --dry-run ]; then
    preflight "$digest" dry
    h get manifest "$release" >"$work/before" 2>/dev/null || : >"$work/before"
    h template "$release" "$chart" "${values[@]}" --set "image.digest=$digest" --no-hooks >"$work/after"
    diff --unified "$work/before" "$work/after" || true
    return
  fi
  preflight "$digest"
  lock
  recover
  before=$(revision)
  if h upgrade --install "$release" "$chart" "${values[@]}" --set "image.digest=$digest" --wait --timeout "$timeout" >"$work/upgrade" 2>&1 && verify; then
    tell deploy "revision $before" "$digest" "done"
    return
  fi
  tail -n 5 "$work/upgrade" >&2
  if [ "$before" = none ]; then
    h uninstall "$release" --wait --timeout "$timeout" >/dev/null || { tell deploy nothing "$digest" "failed and not removed"; exit 3; }
  else
    go_back "$before" || { tell deploy "revision $before" "$digest" "failed and not rolled back"; exit 3; }
  fi
  tell deploy "revision $before" "$digest" "failed and rolled back"
  exit 2
}

rollback() {
  local role=$1 to=${2:-} digest before
  lock
  recover
  before=$(revision)
  [ -n "$to" ] || to=$(last_verified)
  [ -n "$to" ] || refuse "no revision has been verified; name one (helm history $release)"
  k get deployment,statefulset --selector "app.kubernetes.io/name=florin,app.kubernetes.io/component=$role" --output name | grep -q . ||
    refuse "there is no service $role in $namespace"
  digest=$(h get values "$release" --revision "$to" --all --output json 2>/dev/null | jq -r .image.digest) || refuse "there is no revision $to"
  # Only the image of this role changes; the release remembers it.
  h get values "$release" --all --output json | jq --arg role "$role" --arg digest "$digest" '.images[$role] = $digest' >"$work/values"
  if h upgrade "$release" "$chart" --values "$work/values" --wait --timeout "$timeout" >"$work/upgrade" 2>&1 && is_rolled_out; then
    tell "rollback $role" "revision $before" "the image of revision $to" "done"
    return
  fi
  tail -n 5 "$work/upgrade" >&2
  go_back "$before" || { tell "rollback $role" "revision $before" "revision $to" "failed and not rolled back"; exit 3; }
  tell "rollback $role" "revision $before" "revision $to" "failed and rolled back"
  exit 2
}

emergency_rollback() {
  local to before
  lock
  recover
  before=$(revision)
  to=$(last_verified)
  [ -n "$to" ] || refuse "no revision has been verified; name one by helm rollback $release REVISION"
  [ "$to" != "$before" ] || refuse "revision $before is the last verified one; there is nothing to go back to"
  go_back "$to" || { tell emergency-rollback "revision $before" "revision $to" "failed"; exit 3; }
  tell emergency-rollback "revision $before" "revision $to" "done"
}

status() {
  say "revision $(revision), last verified: $(last_verified)"
  h get values "$release" --all --output json 2>/dev/null | jq -r '"image " + .image.digest' || true
  k get pods --selector app.kubernetes.io/name=florin
  k get events --field-selector reason=Deploy --sort-by .lastTimestamp --output custom-columns=WHEN:.lastTimestamp,WHAT:.message | tail -n 5
}

[ $# -ge 2 ] || usage
need kubectl helm jq
work=$(mktemp -d)
trap 'unlock; rm -rf "$work"' EXIT
command=$1
choose "$2"
shift 2
case $command in
  deploy) [ $# -ge 1 ] || usage; deploy "$@" ;;
  rollback) [ $# -ge 1 ] || usage; rollback "$@" ;;
  emergency-rollback) emergency_rollback ;;
  status) status ;;
  verify) verify ;;
  *) usage ;;
esac
