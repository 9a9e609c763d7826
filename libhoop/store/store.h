// The database with all its tables, ready to use. Built by the gateway at its start, lent to audit, identity and rest.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/agent_table.h"
#include "store/connection_group_table.h"
#include "store/connection_table.h"
#include "store/database.h"
#include "store/group_table.h"
#include "store/organization_table.h"
#include "store/record_chunk_table.h"
#include "store/service_account_table.h"
#include "store/session_table.h"
#include "store/user_table.h"

namespace hoop {

// Owned by Gateway; ends after everybody who borrowed a table. Worker threads only, several at a time.
class Store final {
 public:
  // Opens <path> (made when it is not there), brings the schema up to date and makes the default organization.
  // FailedPrecondition: a newer program wrote it. DataLoss: it is no database. Else why it cannot be opened.
  static absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(const std::string& path, absl::Time now);

  Database& database() { return *database_; }
  OrganizationTable& organizations() { return organizations_; }
  UserTable& users() { return users_; }
  ServiceAccountTable& service_accounts() { return service_accounts_; }
  GroupTable& groups() { return groups_; }
  AgentTable& agents() { return agents_; }
  ConnectionTable& connections() { return connections_; }
  ConnectionGroupTable& connection_groups() { return connection_groups_; }
  SessionTable& sessions() { return sessions_; }
  RecordChunkTable& record_chunks() { return record_chunks_; }

  const OrganizationRow& default_organization() const { return default_organization_; }

 private:
  Store(std::unique_ptr<Database> database, OrganizationRow default_organization);

  const std::unique_ptr<Database> database_;  // first: the tables borrow it
  const OrganizationRow default_organization_;
  OrganizationTable organizations_;
  UserTable users_;
  ServiceAccountTable service_accounts_;
  GroupTable groups_;
  AgentTable agents_;
  ConnectionTable connections_;
  ConnectionGroupTable connection_groups_;
  SessionTable sessions_;
  RecordChunkTable record_chunks_;
};

}  // namespace hoop
