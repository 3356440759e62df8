{{/* Selectors, always the same: a changed selector cannot be applied. */}}
{{- define "florin.selector" -}}
app.kubernetes.io/name: florin
app.kubernetes.io/component: {{ .role.name }}
{{- end -}}

{{- define "florin.labels" -}}
{{ include "florin.common" .root }}
app.kubernetes.io/component: {{ .role.name }}
{{- end -}}

{{- define "florin.common" -}}
app.kubernetes.io/name: florin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
florin.example.com/environment: {{ .Values.environment }}
{{- end -}}

{{/* By digest only: what was tried is what runs. */}}
{{- define "florin.image" -}}
{{- $digest := .digest -}}
{{- if not (regexMatch "^sha256:[0-9a-f]{64}$" $digest) -}}
{{- fail (printf "image.digest has to be sha256: and 64 digits, found %q; a tag can be moved" $digest) -}}
{{- end -}}
{{ .root.Values.image.repository }}@{{ $digest }}
{{- end -}}

{{/* The Secret of a role for a purpose: database, rpc, master, first. */}}
{{- define "florin.secret" -}}
{{- get .root.Values.secrets.names .purpose | default (printf "%s-%s" .role.name .purpose) -}}
{{- end -}}

{{- define "florin.secretKey" -}}
{{- $usual := dict "database" "password" "rpc" "secret" "master" "key" "first" "first-secrets" -}}
{{- get .root.Values.secrets.keys .purpose | default (get $usual .purpose) -}}
{{- end -}}

{{/* Purposes of a role's Secrets, as a list in JSON. */}}
{{- define "florin.purposes" -}}
{{- $purposes := list -}}
{{- if and .role.stores (not .role.sqlite) -}}{{- $purposes = append $purposes "database" -}}{{- end -}}
{{- if ne .root.Values.mode "single" -}}{{- $purposes = append $purposes "rpc" -}}
{{- else if not .role.sqlite -}}{{- $purposes = append $purposes "rpc" -}}{{- end -}}
{{- if .role.seals -}}{{- $purposes = append $purposes "master" -}}{{- end -}}
{{- if and (has "identity" .role.parts) .root.Values.secrets.first -}}{{- $purposes = append $purposes "first" -}}{{- end -}}
{{- $purposes | toJson -}}
{{- end -}}

{{/* Where a role's processes are called, as TOML: each holder of a lease at its own name. */}}
{{- define "florin.addresses" -}}
{{- $root := .root -}}{{- $role := .role -}}
{{- $port := int $role.ports.rpc -}}
{{- $found := list -}}
{{- if $role.statefulset -}}
{{- range $number := until (int $role.replicas) -}}
{{- $found = append $found (printf "%q" (printf "%s-%d.%s-pods.%s.svc:%d" $role.name $number $role.name $root.Release.Namespace $port)) -}}
{{- end -}}
{{- else -}}
{{- $found = append $found (printf "%q" (printf "%s.%s.svc:%d" $role.name $root.Release.Namespace $port)) -}}
{{- end -}}
[{{ join ", " $found }}]
{{- end -}}
