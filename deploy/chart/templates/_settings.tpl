{{/* florin.toml of a role. No secret is in it. */}}
{{- define "florin.toml" -}}
{{- $root := .root -}}{{- $role := .role -}}{{- $v := $root.Values -}}
{{- $found := include "florin.roles" $root | fromJson -}}
{{- $namespace := $root.Release.Namespace -}}
{{- $hosts := list -}}
{{- if $role.edge -}}{{- $hosts = concat (list $v.host) $v.hosts -}}{{- end -}}
{{- range $name := concat (list $role.name) $role.services -}}
{{- $hosts = concat $hosts (list $name (printf "%s.%s" $name $namespace) (printf "%s.%s.svc" $name $namespace)) -}}
{{- end -}}
{{- if $role.statefulset -}}{{- $hosts = append $hosts (printf "%s-pods.%s.svc" $role.name $namespace) -}}{{- end -}}
{{- $settings := dict -}}
{{- $server := dict "listen" (printf "0.0.0.0:%d" (int $role.ports.http)) "management_listen" (printf "0.0.0.0:%d" (int $role.ports.metrics)) "hosts" ($hosts | uniq) "drain_ms" (mul $v.shutdown.drainSeconds 1000) -}}
{{- if and $role.edge $v.edge.networks -}}{{- $_ := set $server "trusted_proxies" $v.edge.networks -}}{{- end -}}
{{- $rpc := dict "listen" (printf "0.0.0.0:%d" (int $role.ports.rpc)) "secret_file" "/run/florin/rpc/rpc" -}}
{{- if not $role.statefulset -}}{{- $_ := set $rpc "advertise" (printf "%s.%s.svc" $role.name $namespace) -}}{{- end -}}
{{- $storage := dict "data_dir" "/var/lib/florin/data" -}}
{{- if $role.sqlite -}}
{{- $_ := set $rpc "listen" "127.0.0.1:7070" -}}
{{- $_ := set $rpc "secret_file" "/var/lib/florin/keys/rpc" -}}
{{- $_ := unset $rpc "advertise" -}}
{{- else if $role.stores -}}
{{- $_ := set $storage "database_url" (printf "postgres://%s@%s:%d/%s?sslmode=%s" $role.user $v.database.host (int $v.database.port) $v.database.name (ternary "disable" "verify-full" $v.tls.mesh)) -}}
{{- $_ := set $storage "password_file" "/run/florin/database/database" -}}
{{- $_ := set $storage "migrate" "never" -}}
{{- $_ := set $storage "pool_size" (int $v.database.poolSize) -}}
{{- if not $v.tls.mesh -}}{{- $_ := set $storage "ca_file" "/run/florin/database-ca/ca.crt" -}}{{- end -}}
{{- end -}}
{{- $crypto := dict "key_file" (ternary "/run/florin/master/master" "/var/lib/florin/keys/master" (not (not $role.seals))) -}}
{{- $telemetry := dict "log_level" $v.telemetry.logLevel "log_format" "json" "service_name" $role.name -}}
{{- with $v.telemetry.otlpEndpoint -}}{{- $_ := set $telemetry "otlp_endpoint" . -}}{{- end -}}
{{- $settings = dict "server" $server "rpc" $rpc "storage" $storage "crypto" $crypto "telemetry" $telemetry -}}
{{- if $role.edge -}}{{- $_ := set $settings "limits" (dict "enabled" $v.limits.enabled "redis_url" $v.limits.redisUrl) -}}{{- end -}}
{{- $identity := dict "issuer" (printf "https://%s" $v.host) -}}
{{- if and (has "identity" $role.parts) $v.secrets.first -}}{{- $_ := set $identity "first_secrets_file" "/run/florin/first/first" -}}{{- end -}}
{{- if has "identity" $role.parts -}}{{- $_ := set $identity "first_login_file" "/var/lib/florin/keys/first-login" -}}{{- end -}}
{{- $_ := set $settings "identity" $identity -}}
{{- if $v.tls.mesh -}}
{{- $_ := set $server "plain_behind_mesh" true -}}{{- $_ := set $server "management_plain_behind_mesh" true -}}
{{- $_ := set $rpc "plain_behind_mesh" true -}}{{- $_ := set $storage "plain_behind_mesh" true -}}
{{- end -}}
{{- $settings = mergeOverwrite $settings (deepCopy $v.settings) -}}
{{- range $section := keys $settings | sortAlpha }}
[{{ $section }}]
{{- $table := get $settings $section }}
{{- range $key := keys $table | sortAlpha }}
{{ $key }} = {{ get $table $key | toJson }}
{{- end }}
{{ end }}
{{- if not $v.tls.mesh }}
[server.tls]
certificate_file = "/run/florin/tls/tls.crt"
key_file = "/run/florin/tls/tls.key"
{{ if not $role.sqlite }}
[rpc.tls]
certificate_file = "/run/florin/tls/tls.crt"
key_file = "/run/florin/tls/tls.key"
ca_file = "/run/florin/tls/ca.crt"
{{ end }}
{{- end }}
{{- range $other := $found.roles }}
{{- if ne $other.name $role.name }}
{{- range $part := $other.parts }}
{{- if ne $part "edge" }}
[services.{{ $part }}]
mode = "remote"
addresses = {{ include "florin.addresses" (dict "root" $root "role" $other) }}
{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
