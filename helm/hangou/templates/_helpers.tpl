{{/* What the names of all objects begin with. 40 characters leave room for the service and the replica's number. */}}
{{- define "hangou.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "hangou" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-hangou" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of the release; never changed by an upgrade. */}}
{{- define "hangou.selector" -}}
app.kubernetes.io/name: hangou
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hangou.labels" -}}
{{ include "hangou.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Where a replica of the catalog is found by the others, whatever its address: its name behind the first dot. */}}
{{- define "hangou.catalogDomain" -}}
{{ include "hangou.name" . }}-catalog.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The settings that all services have in common, but for where they find the catalog. */}}
{{- define "hangou.settings" -}}
data: /var/lib/hangou/data
identity: /etc/hangou/identity
key_ring: /etc/hangou/keys/ring
start_timeout_s: {{ .Values.startTimeoutSeconds }}
drain_s: {{ .Values.drainSeconds }}
partitions: {{ .Values.partitions }}
groups: {{ .Values.groups }}
kafka:
  brokers: {{ toJson .Values.kafka.brokers }}
  topic_prefix: {{ .Values.kafka.topicPrefix | quote }}
  replication_factor: {{ .Values.kafka.replicationFactor }}
  min_insync_replicas: {{ .Values.kafka.minInsyncReplicas }}
  {{- if .Values.kafka.identitySecret }}
  identity: /etc/hangou/kafka-identity
  {{- end }}
  {{- if .Values.kafka.saslMechanism }}
  sasl_mechanism: {{ .Values.kafka.saslMechanism }}
  sasl_username: {{ .Values.kafka.saslUsername | quote }}
  sasl_password_file: /etc/hangou/kafka-password/password
  {{- end }}
{{- end -}}
