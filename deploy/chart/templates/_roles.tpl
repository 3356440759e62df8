{{/*
The roles as they are rendered: every template loops over this list and decides nothing itself.

florin.roles: a JSON object {roles: [...], left: [...], parts: [...]}. A role's fields: name, parts, edge, leased, stores,
seals, port, servicePort, services, replicas, scaled, min, max, size, calls (names of roles), egress, image, env.
*/}}

{{- define "florin.catalogue" -}}
{{- .Files.Get "catalogue.yaml" -}}
{{- end -}}

{{/* The roles that the values name, or one a part. */}}
{{- define "florin.table" -}}
{{- $catalogue := include "florin.catalogue" . | fromYaml -}}
{{- $table := dict -}}
{{- if eq .Values.mode "single" -}}
{{- $table = dict "florin" (dict "parts" (keys $catalogue.parts | sortAlpha)) -}}
{{- else if .Values.roles -}}
{{- $table = .Values.roles -}}
{{- else -}}
{{- range $name, $part := $catalogue.parts -}}
{{- $role := $part.role | default $name -}}
{{- $parts := append (get (get $table $role | default dict) "parts" | default list) $name -}}
{{- $_ := set $table $role (dict "parts" $parts) -}}
{{- end -}}
{{- end -}}
{{- $table | toJson -}}
{{- end -}}

{{- define "florin.roles" -}}
{{- $root := . -}}
{{- $catalogue := include "florin.catalogue" . | fromYaml -}}
{{- $table := include "florin.table" . | fromJson -}}
{{- $all := $catalogue.parts -}}
{{- $placed := dict -}}
{{- $left := list -}}
{{- $roles := list -}}
{{- range $name := keys $table | sortAlpha -}}
  {{- $given := get $table $name -}}
  {{- $parts := list -}}
  {{- range $part := $given.parts -}}
    {{- if hasKey $all $part -}}
      {{- if and (hasKey $placed $part) (ne $part "edge") -}}
        {{- fail (printf "the part %s is in two roles, %s and %s: name it in one" $part (get $placed $part) $name) -}}
      {{- end -}}
      {{- $parts = append $parts $part -}}
      {{- $_ := set $placed $part $name -}}
    {{- else if not (has $part $catalogue.planned) -}}
      {{- fail (printf "the role %s has the part %s, which is none; the parts are %s" $name $part (keys $all | sortAlpha | join ", ")) -}}
    {{- end -}}
  {{- end -}}
  {{- if $parts -}}
    {{- $roles = append $roles (include "florin.role" (dict "root" $root "name" $name "given" $given "parts" $parts "all" $all) | fromJson) -}}
  {{- else -}}
    {{- $left = append $left (printf "%s (%s)" $name (join ", " $given.parts)) -}}
  {{- end -}}
{{- end -}}
{{- $missing := list -}}
{{- range $part, $_ := $all -}}
  {{- if not (hasKey $placed $part) -}}{{- $missing = append $missing $part -}}{{- end -}}
{{- end -}}
{{- if $missing -}}
  {{- fail (printf "no role has %s, and the edge calls all parts: name it in a role" (sortAlpha $missing | join ", ")) -}}
{{- end -}}
{{- $ports := dict -}}
{{- range $role := $roles -}}
  {{- $calls := list -}}
  {{- range $part := $role.parts -}}
    {{- $entry := get $all $part -}}
    {{- /* A reader of events asks for them. */ -}}
    {{- range $called := concat ($entry.calls | default list) ($entry.feeds | default list) -}}
      {{- if eq $called "*" -}}
        {{- range $other := $roles -}}{{- $calls = append $calls $other.name -}}{{- end -}}
      {{- else -}}
        {{- $calls = append $calls (get $placed $called) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- /* Stand-bys pass writes on to the holder, which is of the same role. */ -}}
  {{- $own := ternary (list $role.name) (list) $role.leased -}}
  {{- $_ := set $role "calls" (concat (without ($calls | uniq) $role.name) $own | sortAlpha) -}}
{{- end -}}
{{- $connections := 0 -}}
{{- range $role := $roles -}}
  {{- if and $role.stores (not $role.sqlite) -}}
    {{- /* One more while it is rolled out; a lease has one of its own. */ -}}
    {{- $each := add (int $root.Values.database.poolSize) (ternary (len $role.parts) 0 $role.leased) -}}
    {{- $connections = add $connections (mul (add (int (ternary $role.max $role.replicas $role.scaled)) 1) $each) -}}
  {{- end -}}
{{- end -}}
{{- if gt $connections (int $root.Values.database.connectionsMax) -}}
  {{- fail (printf "all roles at their maximum open %d connections to PostgreSQL, and database.connectionsMax is %d: lower database.poolSize or autoscaling.max, or let the server accept more" $connections (int $root.Values.database.connectionsMax)) -}}
{{- end -}}
{{- dict "roles" $roles "left" $left "placed" $placed | toJson -}}
{{- end -}}

{{/* One role: root, name, given, parts, all. */}}
{{- define "florin.role" -}}
{{- $values := .root.Values -}}
{{- $leased := false -}}{{- $stores := false -}}{{- $seals := false -}}
{{- $egress := list -}}
{{- $cpu := 0 -}}{{- $memory := 0 -}}{{- $cpuLimit := 0 -}}{{- $memoryLimit := 0 -}}
{{- range .parts -}}
  {{- $entry := get $.all . -}}
  {{- if eq $entry.owner "lease" -}}{{- $leased = true -}}{{- end -}}
  {{- if $entry.schemas -}}{{- $stores = true -}}{{- end -}}
  {{- if $entry.seals -}}{{- $seals = true -}}{{- end -}}
  {{- $egress = concat $egress ($entry.egress | default list) -}}
  {{- $cpu = add $cpu $entry.size.cpu -}}{{- $memory = add $memory $entry.size.memory -}}
  {{- $cpuLimit = max $cpuLimit $entry.size.cpuLimit -}}{{- $memoryLimit = add $memoryLimit $entry.size.memoryLimit -}}
{{- end -}}
{{- $sqlite := and (eq $values.mode "single") (eq $values.storage.engine "sqlite") -}}
{{- $statefulset := or $leased (eq $values.mode "single") -}}
{{- $scaling := mergeOverwrite (deepCopy $values.autoscaling) (.given.autoscaling | default dict) -}}
{{- $scaled := and $scaling.enabled (not $leased) (not (eq $values.mode "single")) -}}
{{- $usual := ternary 1 (int (ternary $values.replicas.lease $values.replicas.shared $leased)) (eq $values.mode "single") -}}
{{- $replicas := $usual -}}
{{- if hasKey .given "replicas" -}}{{- $replicas = int .given.replicas -}}{{- end -}}
{{- if and $leased (lt $replicas 1) -}}
  {{- fail (printf "the role %s has 0 replicas, and %s needs one process that writes" .name (join ", " .parts)) -}}
{{- end -}}
{{- if and $sqlite (gt $replicas 1) -}}
  {{- fail (printf "the role %s has %d replicas on SQLite, which one process holds; set storage.engine=postgres" .name $replicas) -}}
{{- end -}}
{{- $ports := mergeOverwrite (deepCopy $values.ports) (.given.ports | default dict) -}}
{{- if or (eq (int $ports.http) (int $ports.metrics)) (eq (int $ports.http) (int $ports.rpc)) (eq (int $ports.metrics) (int $ports.rpc)) -}}
  {{- fail (printf "the role %s has one port twice: http %d, metrics %d, rpc %d" .name (int $ports.http) (int $ports.metrics) (int $ports.rpc)) -}}
{{- end -}}
{{- $size := mergeOverwrite (dict "cpu" $cpu "memory" $memory "cpuLimit" $cpuLimit "memoryLimit" $memoryLimit) (.given.size | default dict) -}}
{{- $max := ternary (int $scaling.max) $replicas $scaled -}}
{{- $user := printf "%s_%s" $values.database.userPrefix ((eq (len .parts) 1 | ternary (first .parts) .name) | replace "-" "_") -}}
{{- dict
  "name" .name "parts" .parts "edge" (has "edge" .parts) "leased" $leased "stores" $stores "seals" $seals
  "statefulset" $statefulset "sqlite" (and $sqlite $stores) "ports" $ports
  "servicePort" (.given.servicePort | default (ternary $values.service.port $ports.http (not (hasKey .given "ports"))))
  "services" (.given.services | default list) "replicas" $replicas "scaled" $scaled "min" (int $scaling.min) "max" $max
  "scaling" $scaling "size" $size "egress" ($egress | uniq) "user" $user
  "image" (get $values.images .name | default $values.image.digest) "env" (.given.env | default dict) "calls" list
  | toJson -}}
{{- end -}}
