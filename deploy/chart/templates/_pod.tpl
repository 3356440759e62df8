{{/* The security contexts of every pod of the chart: roles, jobs and tests alike. */}}
{{- define "florin.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "florin.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "florin.resources" -}}
resources:
  requests: {cpu: {{ int .cpu }}m, memory: {{ int .memory }}Mi, ephemeral-storage: 64Mi}
  limits: {cpu: {{ int .cpuLimit }}m, memory: {{ int .memoryLimit }}Mi, ephemeral-storage: 1Gi}
{{- end -}}

{{- define "florin.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "florin.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if .Values.priorityClass.create }}
priorityClassName: {{ .Values.priorityClass.name | default (printf "%s-%s" .Release.Namespace "florin") }}
{{- else if .Values.priorityClass.name }}
priorityClassName: {{ .Values.priorityClass.name }}
{{- end }}
{{- end -}}

{{/* The files of a role: settings, secrets, certificates, and room to write. */}}
{{- define "florin.mounts" -}}
{{- $root := .root -}}{{- $role := .role -}}
- {name: settings, mountPath: /etc/florin, readOnly: true}
- {name: data, mountPath: /var/lib/florin}
- {name: tmp, mountPath: /tmp}
{{- range $purpose := include "florin.purposes" . | fromJsonArray }}
- {name: {{ $purpose }}, mountPath: /run/florin/{{ $purpose }}, readOnly: true}
{{- end }}
{{- if not $root.Values.tls.mesh }}
- {name: tls, mountPath: /run/florin/tls, readOnly: true}
{{- if and $role.stores (not $role.sqlite) }}
- {name: database-ca, mountPath: /run/florin/database-ca, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "florin.volumes" -}}
{{- $root := .root -}}{{- $role := .role -}}
- name: settings
  configMap: {name: {{ $role.name }}-settings}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- if not $role.sqlite }}
- name: data
  emptyDir: {sizeLimit: 256Mi}
{{- end }}
{{- range $purpose := include "florin.purposes" . | fromJsonArray }}
- name: {{ $purpose }}
  secret:
    secretName: {{ include "florin.secret" (dict "root" $root "role" $role "purpose" $purpose) }}
    defaultMode: 0440
    items: [{key: {{ include "florin.secretKey" (dict "root" $root "purpose" $purpose) }}, path: {{ $purpose }}}]
{{- end }}
{{- if not $root.Values.tls.mesh }}
- name: tls
  secret: {secretName: {{ $role.name }}-tls, defaultMode: 0440}
{{- if and $role.stores (not $role.sqlite) }}
- name: database-ca
  configMap:
    name: {{ $root.Values.tls.database.configMap }}
    items: [{key: {{ $root.Values.tls.database.key }}, path: ca.crt}]
{{- end }}
{{- end }}
{{- end -}}

{{/* The template of a role's pods. */}}
{{- define "florin.pod" -}}
{{- $root := .root -}}{{- $role := .role -}}
metadata:
  labels:
    {{- include "florin.labels" . | nindent 4 }}
    {{- with $root.Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    checksum/settings: {{ include "florin.toml" . | sha256sum }}
    {{- with $root.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ $role.name }}
  {{- include "florin.podSecurity" $root | nindent 2 }}
  {{- include "florin.pullSecrets" $root | nindent 2 }}
  {{- include "florin.placement" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ add $root.Values.shutdown.sleepSeconds $root.Values.shutdown.drainSeconds 10 }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "florin.selector" (dict "role" $role) | nindent 10 }}
    {{- end }}
  containers:
    - name: florin
      image: {{ include "florin.image" (dict "root" $root "digest" $role.image) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [--config, /etc/florin/florin.toml, serve{{ if ne $root.Values.mode "single" }}, {{ join ", " $role.parts }}{{ end }}]
      {{- include "florin.containerSecurity" $root | nindent 6 }}
      {{- include "florin.resources" $role.size | nindent 6 }}
      env:
        - name: POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        {{- if $role.statefulset }}
        - {name: FLORIN__RPC__ADVERTISE, value: "$(POD_NAME).{{ $role.name }}-pods.{{ $root.Release.Namespace }}.svc"}
        {{- end }}
        {{- range $name, $value := $role.env }}
        - {name: {{ $name }}, value: {{ $value | quote }}}
        {{- end }}
      ports:
        - {name: http, containerPort: {{ int $role.ports.http }}}
        - {name: metrics, containerPort: {{ int $role.ports.metrics }}}
        {{- if ne $root.Values.mode "single" }}
        - {name: rpc, containerPort: {{ int $role.ports.rpc }}}
        {{- end }}
      {{- $scheme := ternary "HTTP" "HTTPS" $root.Values.tls.mesh }}
      startupProbe:
        httpGet: {path: /health, port: metrics, scheme: {{ $scheme }}}
        periodSeconds: 1
        failureThreshold: 120
      livenessProbe:
        httpGet: {path: /health, port: metrics, scheme: {{ $scheme }}}
        periodSeconds: 10
        timeoutSeconds: 3
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /ready, port: metrics, scheme: {{ $scheme }}}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 3
      lifecycle:
        preStop: {sleep: {seconds: {{ int $root.Values.shutdown.sleepSeconds }}}}
      volumeMounts:
        {{- include "florin.mounts" . | nindent 8 }}
  volumes:
    {{- include "florin.volumes" . | nindent 4 }}
{{- end -}}
