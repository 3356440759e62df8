#!/usr/bin/env bash
# Renders the chart with each set of deploy/tests/sets into deploy/tests/rendered, and the base for kubectl without Helm.
# `render.sh --check` compares instead, renders all pairs of switches, and sees mistakes in values refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
helm=$(scripts/tools helm)
chart=deploy/chart
digest=sha256:$(printf '0%.0s' {1..64})
out=deploy/tests/rendered
base=deploy/kustomize/base/florin.yaml
[ "${1:-}" != --check ] || { kept=$out; out=$(mktemp -d); kept_base=$base; base=$out.base; trap 'rm -rf "$out" "$base"' EXIT; }

render() {
  local namespace=$1
  shift
  "$helm" template florin "$chart" --namespace "$namespace" --kube-version 1.34.0 --set "image.digest=$digest" "$@"
}

mkdir -p "$out" "$(dirname "$base")"
rm -f "$out"/*.yaml
while read -r name namespace sets; do
  values=()
  for set in $sets; do values+=(--values "$chart/values/$set.yaml"); done
  # What watches is the same in every layout.
  [[ $sets != *layouts* ]] || values+=(--set monitoring.enabled=false)
  render "$namespace" "${values[@]}" >"$out/$name.yaml"
done < <(grep -v '^#' deploy/tests/sets)
render florin --no-hooks --skip-tests >"$base"
# Without Helm the migrations are a Job like any other; pods start once it is done.
render florin --show-only templates/migrate.yaml --skip-tests | sed '/annotations: {"helm.sh/d' >>"$base"
[ "${1:-}" = --check ] || { echo "rendered $(grep -vc '^#' deploy/tests/sets) sets and the base"; exit 0; }

if ! diff --recursive --brief "$kept" "$out" || ! diff --brief "$kept_base" "$base"; then
  echo "the rendered files are not what the chart makes: deploy/scripts/render.sh, and commit them" >&2
  exit 1
fi

# Every pair of switches renders.
# shellcheck disable=SC2054 # a switch may set two values
switches=(mode=single storage.engine=sqlite,mode=single tls.mesh=true tls.mode=given tls.mode=selfMade secrets.mode=external,secrets.external.store=vault
  secrets.first=true edge.kind=ingress edge.kind=none autoscaling.enabled=true,database.connectionsMax=9000 autoscaling.vpa=true disruption.enabled=false priorityClass.create=true
  networkPolicies.enabled=false quota.enabled=false admission.enabled=true namespace.create=true monitoring.enabled=true
  monitoring.enabled=true,monitoring.dashboards=false limits.enabled=false database.namespace=database telemetry.otlpEndpoint=http://otlp:4318)
pairs=0
for ((i = 0; i < ${#switches[@]}; i++)); do
  for ((j = i + 1; j < ${#switches[@]}; j++)); do
    render florin --set "${switches[i]}" --set "${switches[j]}" >/dev/null || { echo "does not render: ${switches[i]} ${switches[j]}" >&2; exit 1; }
    pairs=$((pairs + 1))
  done
done

# Mistakes are refused, each with a sentence.
mistakes=0
refuse() {
  local words=$1 said
  shift
  if said=$(render florin "$@" 2>&1 >/dev/null); then echo "rendered in spite of: $*" >&2; exit 1; fi
  grep -qF -- "$words" <<<"$said" || { printf 'refused with other words than "%s": %s\n' "$words" "$said" >&2; exit 1; }
  mistakes=$((mistakes + 1))
}
refuse "additional properties 'replicaz' not allowed" --set replicaz.shared=2
refuse "which is none; the parts are" --set 'roles.edge.parts={edge},roles.shop.parts={shop}'
refuse "and the edge calls all parts: name it in a role" --set 'roles.edge.parts={edge}'
refuse "is in two roles" --set 'roles.a.parts={edge,ledger},roles.b.parts={ledger}'
refuse "0 replicas, and" --set 'roles.a.parts={edge},roles.b.parts={ledger},roles.b.replicas=0'
refuse "connections to PostgreSQL, and database.connectionsMax is 20" --set database.connectionsMax=20
refuse "one port twice" --set ports.http=9090
refuse "does not match pattern" --set image.digest=v0.2.0
refuse "has to be sha256:" --set image.digest=
refuse "is missing: the text that kubeseal makes" --set secrets.mode=sealed
refuse "secrets.external.store has to name a store" --set secrets.mode=external
refuse "edge, " --set 'roles.b.parts={ledger}'
echo "$(grep -vc '^#' deploy/tests/sets) sets are as committed, $pairs pairs of switches render, $mistakes mistakes are refused"
