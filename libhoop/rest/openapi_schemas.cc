// What bodies and answers hold, for openapi.h. Recorded exchanges are held to these lines by tests.
#include "rest/openapi.h"

namespace hoop::rest {

std::span<const SchemaDoc> SchemaDocs() {
  static constexpr SchemaDoc kSchemas[] = {
      {"Message", "*message:string"},
      {"Status", "*status:string"},
      {"Token", "*token:string"},

      // The gateway.
      {"Health", "*liveness:string"},
      {"Readiness", "*ready:boolean store:string journal:string"},
      {"PublicServerInfo", "*auth_method:string *setup_required:boolean"},
      {"License",
       "key_id:string allowed_hosts:strings type:string issued_at:integer expire_at:integer is_valid:boolean "
       "status:string verify_error:string verified_host:string features:strings"},
      {"ServerInfo",
       "*version:string commit_sha:string log_level:string go_debug:string *auth_method:string redact_provider:string "
       "has_redact_credentials:boolean has_webhook_app_key:boolean has_idp_audience:boolean "
       "has_idp_custom_scopes:boolean has_ask_ai_credentials:boolean has_ssh_client_host_key:boolean "
       "postgres_proxy_enabled:boolean *api_url:string *grpc_url:string tenancy_type:string license_info:License "
       "idp_provider_name:string disable_sessions_download:boolean disable_clipboard_copy_cut:boolean "
       "analytics_tracking:string analytics_mode:string storage:Storage"},
      {"Storage",
       "database:string database_bytes:integer journal_bytes:integer? sessions:integer record_chunks:integer "
       "oldest_session:time? session_retention_seconds:integer?"},
      {"AuditKey", "*id:string *algorithm:string *public_key:string"},

      // People and programs.
      {"Login", "*email:string *password:string"},
      {"Registration", "*email:string *password:string name:string *setup_token:string"},
      {"PasswordChange", "*old_password:string *password:string"},
      {"NewPassword", "*password:string"},
      {"UserInfo",
       "*id:string *name:string *email:string *status:string verified:boolean *role:string slack_id:string "
       "picture:string *groups:strings *is_admin:boolean is_multitenant:boolean tenancy_type:string *org_id:string "
       "org_name:string org_license:string feature_ask_ai:string webapp_users_management:string "
       "intercom_hmac_digest:string default_protection_profile:string? show_origin_survey:boolean "
       "show_setup_checklist:boolean"},
      {"User",
       "*id:string *name:string *email:string *status:string *verified:boolean *role:string slack_id:string "
       "picture:string *groups:strings"},
      {"NewUser",
       "*email:string name:string password:string status:string slack_id:string picture:string groups:strings"},
      {"UserChange", "name:string email:string status:string slack_id:string picture:string groups:strings"},
      {"SlackId", "*slack_id:string"},
      {"Group", "*name:string"},
      {"ServiceAccount", "*id:string *org_id:string *subject:string *name:string *status:string *groups:strings"},
      {"ServiceAccountBody", "*subject:string name:string *status:string groups:strings"},
      {"TokenLifetime", "lifetime_sec:integer"},
      {"ServiceToken", "*token:string *expires_at:time"},

      // Agents and connections.
      {"Agent",
       "*id:string *token:string *name:string *mode:string *status:string metadata:map hostname:string "
       "machine_id:string kernel_version:string version:string goversion:string compiler:string platform:string"},
      {"NewAgent", "*name:string mode:string"},
      {"Pages", "*total:integer *page:integer *size:integer"},
      {"AdminAction",
       "*id:string org_id:string actor_subject:string actor_email:string actor_name:string created_at:time "
       "resource_type:string action:string http_method:string http_status:integer http_path:string client_ip:string "
       "request_payload_redacted:object outcome:boolean error_message:string"},
      {"AdminActionList", "*pages:Pages *data:[AdminAction]"},
      {"ApiKey",
       "*id:string *org_id:string *name:string *masked_key:string *status:string *groups:strings created_by:string "
       "created_at:time deactivated_by:string deactivated_at:time last_used_at:time key:string"},
      {"ApiKeyBody", "name:string groups:strings"},
      {"Resource",
       "*id:string *name:string *type:string subtype:string env_vars:object agent_id:string roles:[Connection] "
       "created_at:time updated_at:time"},
      {"ResourceBody", "name:string type:string subtype:string agent_id:string env_vars:object roles:[ConnectionBody]"},
      {"OrganizationKey", "*id:string *key:string"},
      {"ConnectionApps", "connection:string connection_items:strings"},
      {"GrpcUrl", "*grpc_url:string"},
      {"ProxyOrder", "*connection_name:string port:string access_duration:integer"},
      {"ProxyState",
       "*id:string *status:string connection_name:string connection_type:string connection_subtype:string "
       "has_review:boolean port:string access_duration:integer metadata:map connected-at:time"},
      {"Features",
       "guardrails:boolean data_masking:boolean ai_session_analyzer:boolean jira_templates:boolean "
       "mandatory_metadata:boolean access_request:object"},
      {"Connection",
       "*id:string *name:string command:strings? resource_name:string *type:string subtype:string secret:object "
       "default_database:string *agent_id:string *status:string record:string access_groups:strings reviewers:strings "
       "redact_enabled:boolean redact_types:strings managed_by:string? tags:strings connection_tags:map "
       "access_mode_runbooks:string access_mode_exec:string access_mode_connect:string access_schema:string "
       "guardrail_rules:strings jira_issue_template_id:string force_approve_groups:strings? "
       "access_max_duration:integer? min_review_approvals:integer? mandatory_metadata_fields:strings "
       "attributes:strings effective_features:Features? secrets_updated_at:time"},
      {"ConnectionBody",
       "name:string type:string subtype:string agent_id:string command:strings secret:object record:string "
       "access_groups:strings resource_name:string reviewers:strings redact_types:strings tags:strings "
       "connection_tags:map access_mode_runbooks:string access_mode_exec:string access_mode_connect:string "
       "access_schema:string guardrail_rules:strings jira_issue_template_id:string force_approve_groups:strings "
       "access_max_duration:integer min_review_approvals:integer mandatory_metadata_fields:strings attributes:strings"},
      {"Tag", "*id:string *key:string *value:string created_at:time updated_at:time"},
      {"TagList", "*items:[Tag]"},

      // Sessions.
      {"DataMasking", "err_count:integer info_types:object total_redact_count:integer transformed_bytes:integer"},
      {"Metrics", "data_masking:DataMasking *event_size:integer *truncated:boolean"},
      {"Script", "*data:string"},
      {"Session",
       "*id:string *org_id:string script:Script? client_args:strings env_vars:map script_size:integer labels:map? "
       "integrations_metadata:object? "
       "metadata:map? metrics:Metrics? *user:string *user_id:string *user_name:string *type:string "
       "connection_subtype:string *connection:string resource_name:string role_name:string connection_tags:map? "
       "review:object? *verb:string *status:string exit_code:integer? event_size:integer *start_date:time "
       "end_date:time? end_reason:string record:string sealed:boolean ai_analysis:object? guardrails_info:[Message]? "
       "identity_type:string session_batch_id:string correlation_id:string event_stream:[any] download_url:string "
       "expire_at:time"},
      {"SessionList",
       "*data:[Session] *total:integer? *total_is_capped:boolean *has_next_page:boolean next_cursor:string"},
      {"Command",
       "*connection:string script:string client_args:strings env_vars:map labels:map metadata:map "
       "session_batch_id:string correlation_id:string"},
      {"CommandResult",
       "*session_id:string *has_review:boolean *output:string *output_status:string *truncated:boolean "
       "*execution_time:integer *exit_code:integer ai_analysis:object?"},
      {"MetadataBody", "*metadata:object"},
      {"StatementError", "code:string message:string"},
      {"Statement",
       "*number:integer *connection_id:string *kind:string *outcome:string *sql:string sql_truncated:boolean "
       "index:integer prepared_name:string portal_name:string parameter_count:integer parameter_types:strings "
       "*started_at:time duration_us:integer command_tag:string rows:integer? copy_in_bytes:integer "
       "copy_out_bytes:integer error:StatementError?"},
      {"StatementList", "*data:[Statement] *next_cursor:string problems:strings"},

      // Plugins.
      {"PluginConnection", "*id:string name:string config:strings?"},
      {"Plugin",
       "*id:string *name:string *connections:[PluginConnection] config:object? source:string? priority:integer"},
      {"PluginConnectionConfig",
       "*id:string *plugin_id:string *connection_id:string *config:strings? *updated_at:time"},
      {"PluginConnectionBody", "config:strings"},
      {"PluginBody", "*name:string connections:[PluginConnection] config:object"},
  };
  return kSchemas;
}

}  // namespace hoop::rest
