// The database with all its tables, ready to use. Built by the gateway at its start, lent to audit, identity and rest.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/admin_action_table.h"
#include "store/agent_table.h"
#include "store/api_key_table.h"
#include "store/connection_group_table.h"
#include "store/connection_table.h"
#include "store/database.h"
#include "store/group_table.h"
#include "store/organization_table.h"
#include "store/record_chunk_table.h"
#include "store/resource_table.h"
#include "store/secret_box.h"
#include "store/service_account_table.h"
#include "store/session_table.h"
#include "store/user_table.h"

namespace hoop {

// Where a store lies.
struct StoreAddress {
  std::string sqlite_path;
  std::string postgres_uri;  // when it is set: there, as POSTGRES_DB_URI holds it
};

// Owned by Gateway; ends after everybody who borrowed a table. Worker threads only, several at a time.
class Store final {
 public:
  // Opens it (a file is made when it is not there), brings the schema up to date and makes the default organization.
  // `box` encrypts the secrets in it. InvalidArgument: the URI cannot be read. FailedPrecondition: a newer program
  // wrote it, its secrets are encrypted with another key, its user may not make tables. DataLoss: it is no database.
  // Unavailable: the server does not answer or does not let us in. Else why it cannot be opened.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreAddress& address, std::unique_ptr<SecretBox> box,
                                                     absl::Time now);

  // Encrypts the secrets in it with `to`; see ReencryptSecrets of sealed_secrets.h.
  static absl::StatusOr<int64_t> Reencrypt(const StoreAddress& address, const SecretBox& from, const SecretBox& to,
                                           absl::Time now);

  // Whether the database answers now. Blocks, as everything here.
  absl::Status Check();

  // For logs: "sqlite /var/lib/hoop/hoop.db", "postgres db.example.com:5432/hoop".
  const std::string& description() const { return description_; }

  Database& database() { return *database_; }
  OrganizationTable& organizations() { return organizations_; }
  UserTable& users() { return users_; }
  ServiceAccountTable& service_accounts() { return service_accounts_; }
  ApiKeyTable& api_keys() { return api_keys_; }
  GroupTable& groups() { return groups_; }
  AgentTable& agents() { return agents_; }
  ConnectionTable& connections() { return connections_; }
  ResourceTable& resources() { return resources_; }
  ConnectionGroupTable& connection_groups() { return connection_groups_; }
  SessionTable& sessions() { return sessions_; }
  RecordChunkTable& record_chunks() { return record_chunks_; }
  AdminActionTable& admin_actions() { return admin_actions_; }

  const OrganizationRow& default_organization() const { return default_organization_; }

 private:
  Store(std::unique_ptr<Database> database, std::unique_ptr<SecretBox> box, std::string description,
        OrganizationRow default_organization);

  const std::unique_ptr<Database> database_;  // first: the tables borrow it
  const std::unique_ptr<SecretBox> box_;
  const std::string description_;
  const OrganizationRow default_organization_;
  OrganizationTable organizations_;
  UserTable users_;
  ServiceAccountTable service_accounts_;
  ApiKeyTable api_keys_;
  GroupTable groups_;
  AgentTable agents_;
  ConnectionTable connections_;
  ResourceTable resources_;
  ConnectionGroupTable connection_groups_;
  SessionTable sessions_;
  RecordChunkTable record_chunks_;
  AdminActionTable admin_actions_;
};

}  // namespace hoop
