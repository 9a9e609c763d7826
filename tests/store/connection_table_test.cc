#include "store/connection_table.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/limits/store.h"
#include "store/connection_group_table.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_store.h"

namespace hoop {
namespace {

class ConnectionTableTest : public ::testing::Test {
 protected:
  ConnectionRow MakeConnection(const std::string& name) {
    ConnectionRow row;
    row.id = NewUuid();
    row.org_id = store_.org_id();
    row.name = name;
    row.type = "database";
    row.subtype = "postgres";
    row.command = {"psql", "-A", "$HOST"};
    row.agent_id = "agent-1";
    row.secrets = {{"envvar:HOST", "MTI3"}, {"filesystem:KEY", "a2V5"}};
    row.record_policy = RecordPolicy::kBuffered;
    row.exec_enabled = true;
    row.connect_enabled = false;
    row.runbooks_enabled = true;
    row.schema_enabled = true;
    row.tags = {"old"};
    row.connection_tags = {{"env", "test"}};
    row.reviewers = {"sre"};
    row.redact_types = {"URL"};
    row.guardrail_rules = {"rule"};
    row.force_approve_groups = {"boss"};
    row.mandatory_metadata_fields = {"ticket"};
    row.attributes = {"attribute"};
    row.resource_name = "resource";
    row.jira_issue_template_id = "jira";
    row.managed_by = "someone";
    row.access_max_duration_seconds = 60;
    row.min_review_approvals = 2;
    row.secrets_updated_at = store_.now() + absl::Seconds(1);
    row.created_at = store_.now();
    row.updated_at = store_.now() + absl::Seconds(2);
    return row;
  }
  ConnectionRow Added(const std::string& name, const std::vector<std::string>& groups = {}) {
    ConnectionRow row = MakeConnection(name);
    EXPECT_OK(connections_.Insert(row));
    if (!groups.empty()) {
      EXPECT_OK(groups_.Replace(store_.org_id(), row.id, groups, row.updated_at));
    }
    return row;
  }
  ConnectionRow Found(const std::string& name_or_id) {
    auto found = connections_.Find(store_.org_id(), name_or_id);
    EXPECT_OK(found);
    return found.ok() ? *found : ConnectionRow();
  }
  std::vector<std::string> Names(const ConnectionFilter& filter) {
    std::vector<std::string> names;
    auto rows = connections_.List(store_.org_id(), filter);
    EXPECT_OK(rows);
    for (const ConnectionRow& row : *rows) names.push_back(row.name);
    return names;
  }
  using Texts = std::vector<std::string>;

  testing::TempStore store_;
  ConnectionTable& connections_ = store_->connections();
  ConnectionGroupTable& groups_ = store_->connection_groups();
};

void ExpectSame(const ConnectionRow& a, const ConnectionRow& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.org_id, b.org_id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.subtype, b.subtype);
  EXPECT_EQ(a.command, b.command);
  EXPECT_EQ(a.agent_id, b.agent_id);
  EXPECT_EQ(a.secrets, b.secrets);
  EXPECT_EQ(a.record_policy, b.record_policy);
  EXPECT_EQ(a.exec_enabled, b.exec_enabled);
  EXPECT_EQ(a.connect_enabled, b.connect_enabled);
  EXPECT_EQ(a.runbooks_enabled, b.runbooks_enabled);
  EXPECT_EQ(a.schema_enabled, b.schema_enabled);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.connection_tags, b.connection_tags);
  EXPECT_EQ(a.reviewers, b.reviewers);
  EXPECT_EQ(a.redact_types, b.redact_types);
  EXPECT_EQ(a.guardrail_rules, b.guardrail_rules);
  EXPECT_EQ(a.force_approve_groups, b.force_approve_groups);
  EXPECT_EQ(a.mandatory_metadata_fields, b.mandatory_metadata_fields);
  EXPECT_EQ(a.attributes, b.attributes);
  EXPECT_EQ(a.resource_name, b.resource_name);
  EXPECT_EQ(a.jira_issue_template_id, b.jira_issue_template_id);
  EXPECT_EQ(a.managed_by, b.managed_by);
  EXPECT_EQ(a.access_max_duration_seconds, b.access_max_duration_seconds);
  EXPECT_EQ(a.min_review_approvals, b.min_review_approvals);
  EXPECT_EQ(a.secrets_updated_at, b.secrets_updated_at);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.updated_at, b.updated_at);
}

TEST_F(ConnectionTableTest, EveryFieldComesBack) {
  const ConnectionRow row = Added("pg");
  ExpectSame(Found("pg"), row);
  ExpectSame(Found(row.id), row);
}

TEST_F(ConnectionTableTest, AbsentFieldsStayAbsent) {
  ConnectionRow row = MakeConnection("pg");
  row.managed_by.reset();
  row.access_max_duration_seconds.reset();
  row.min_review_approvals.reset();
  row.command.clear();
  row.secrets.clear();
  ASSERT_OK(connections_.Insert(row));
  ExpectSame(Found("pg"), row);
}

TEST_F(ConnectionTableTest, UnknownConnectionsAreNotFound) {
  EXPECT_STATUS(connections_.Find(store_.org_id(), "x"), absl::StatusCode::kNotFound, "connection x");
  EXPECT_STATUS(connections_.FindVisible(store_.org_id(), "x", {"admin"}), absl::StatusCode::kNotFound, "connection x");
  EXPECT_STATUS(connections_.Update(MakeConnection("x")), absl::StatusCode::kNotFound, "connection x");
  EXPECT_STATUS(connections_.Delete(store_.org_id(), "x"), absl::StatusCode::kNotFound, "connection x");
  Added("pg");
  EXPECT_STATUS(connections_.Find("other", "pg"), absl::StatusCode::kNotFound, "connection pg");
  EXPECT_STATUS(connections_.Delete("other", "pg"), absl::StatusCode::kNotFound, "connection pg");
}

TEST_F(ConnectionTableTest, RefusesASecondOfThatName) {
  Added("pg");
  EXPECT_STATUS(connections_.Insert(MakeConnection("pg")), absl::StatusCode::kAlreadyExists, "connection pg");
}

TEST_F(ConnectionTableTest, AnIdWinsOverANameThatLooksLikeIt) {
  const ConnectionRow first = Added("pg");
  Added(first.id);
  EXPECT_EQ(Found(first.id).name, "pg");
}

TEST_F(ConnectionTableTest, PutReplacesAllButIdAndBirth) {
  const ConnectionRow row = Added("pg");
  ConnectionRow again = MakeConnection("pg");
  again.type = "application";
  again.subtype = "tcp";
  again.secrets = {{"envvar:PORT", "MQ=="}};
  again.record_policy = RecordPolicy::kDurable;
  again.created_at += absl::Hours(1);
  again.updated_at += absl::Hours(1);
  ASSERT_OK(connections_.Put(again));
  again.id = row.id;
  again.created_at = row.created_at;
  ExpectSame(Found("pg"), again);
  const ConnectionRow fresh = MakeConnection("new");
  ASSERT_OK(connections_.Put(fresh));
  ExpectSame(Found("new"), fresh);
}

TEST_F(ConnectionTableTest, UpdateKeepsNameAndBirth) {
  const ConnectionRow row = Added("pg");
  ConnectionRow changed = row;
  changed.name = "ignored";
  changed.created_at += absl::Hours(1);
  changed.command = {"bash"};
  changed.exec_enabled = false;
  changed.managed_by.reset();
  changed.updated_at += absl::Hours(1);
  ASSERT_OK(connections_.Update(changed));
  changed.name = row.name;
  changed.created_at = row.created_at;
  ExpectSame(Found("pg"), changed);
}

TEST_F(ConnectionTableTest, WithoutGroupsEverybodySeesIt) {
  Added("pg");
  EXPECT_OK(connections_.FindVisible(store_.org_id(), "pg", {}));
  EXPECT_OK(connections_.FindVisible(store_.org_id(), "pg", {"dba"}));
}

TEST_F(ConnectionTableTest, WithGroupsOnlyTheirMembersSeeIt) {
  const ConnectionRow row = Added("pg", {"dba", "sre"});
  Added("open");
  EXPECT_OK(connections_.FindVisible(store_.org_id(), "pg", {"dev", "sre"}));
  EXPECT_OK(connections_.FindVisible(store_.org_id(), row.id, {"dba"}));
  EXPECT_STATUS(connections_.FindVisible(store_.org_id(), "pg", {"dev"}), absl::StatusCode::kNotFound, "pg");
  EXPECT_STATUS(connections_.FindVisible(store_.org_id(), row.id, {}), absl::StatusCode::kNotFound, row.id);
  EXPECT_EQ(Names({.visible_to_groups = Texts{"dev"}}), Texts{"open"});
  EXPECT_EQ(Names({.visible_to_groups = Texts{}}), Texts{"open"});
  EXPECT_EQ(Names({.visible_to_groups = Texts{"dba", "dev"}}), (Texts{"open", "pg"}));
  EXPECT_EQ(Names({}), (Texts{"open", "pg"}));
}

TEST_F(ConnectionTableTest, AMemberOfVeryManyGroupsSeesIt) {
  Added("pg", {"group-5000"});
  Texts groups;
  for (int i = 0; i <= 5000; ++i) groups.push_back(fmt::format("group-{}", i));
  EXPECT_OK(connections_.FindVisible(store_.org_id(), "pg", groups));
}

TEST_F(ConnectionTableTest, GroupsAreReplaced) {
  const ConnectionRow row = Added("pg", {"dba", "sre"});
  ASSERT_OK(groups_.Replace(store_.org_id(), row.id, {"sre", "ops", "ops"}, store_.now() + absl::Seconds(7)));
  EXPECT_EQ(connections_.Find(store_.org_id(), row.id)->updated_at, store_.now() + absl::Seconds(7));
  auto groups = groups_.Get(row.id);
  ASSERT_OK(groups);
  EXPECT_EQ(*groups, (Texts{"ops", "sre"}));
  ASSERT_OK(groups_.Replace(store_.org_id(), row.id, {}, store_.now()));
  EXPECT_OK(connections_.FindVisible(store_.org_id(), "pg", {}));
}

TEST_F(ConnectionTableTest, GroupsNeedTheirConnectionAndGoWithIt) {
  EXPECT_STATUS(groups_.Replace(store_.org_id(), "nothing", {"dba"}, store_.now()), absl::StatusCode::kNotFound,
                "connection nothing");
  const ConnectionRow row = Added("pg", {"dba"});
  EXPECT_STATUS(groups_.Replace("other", row.id, {"ops"}, store_.now()), absl::StatusCode::kNotFound, row.id);
  EXPECT_EQ(*groups_.Get(row.id), Texts{"dba"});
  ASSERT_OK(connections_.Delete(store_.org_id(), "pg"));
  auto groups = groups_.Get(row.id);
  ASSERT_OK(groups);
  EXPECT_TRUE(groups->empty());
}

TEST_F(ConnectionTableTest, ListsWhatTheFilterAsksFor) {
  Added("a-pg");
  ConnectionRow tcp = MakeConnection("b-tcp");
  tcp.type = "application";
  tcp.subtype = "tcp";
  tcp.agent_id = "agent-2";
  tcp.managed_by = "other";
  ASSERT_OK(connections_.Insert(tcp));
  EXPECT_EQ(Names({}), (Texts{"a-pg", "b-tcp"}));
  EXPECT_EQ(Names({.agent_id = "agent-2"}), Texts{"b-tcp"});
  EXPECT_EQ(Names({.type = "database"}), Texts{"a-pg"});
  EXPECT_EQ(Names({.subtype = "tcp"}), Texts{"b-tcp"});
  EXPECT_EQ(Names({.managed_by = "other"}), Texts{"b-tcp"});
  EXPECT_EQ(Names({.name = "a-pg"}), Texts{"a-pg"});
  EXPECT_EQ(Names({.name = "a"}), Texts{});
  EXPECT_EQ(Names({.search = "APPLICATION"}), Texts{"b-tcp"});
  EXPECT_EQ(Names({.search = "-p"}), Texts{"a-pg"});
  EXPECT_EQ(Names({.search = "%"}), Texts{});
  EXPECT_EQ(Names({.search = "a_pg"}), Texts{});
}

TEST_F(ConnectionTableTest, PagesAndCounts) {
  for (const char* name : {"a", "b", "c"}) Added(name);
  EXPECT_EQ(Names({.limit = 2}), (Texts{"a", "b"}));
  EXPECT_EQ(Names({.limit = 2, .offset = 2}), Texts{"c"});
  auto count = connections_.Count(store_.org_id(), {.limit = 2, .offset = 2});
  ASSERT_OK(count);
  EXPECT_EQ(*count, 3);
  count = connections_.Count(store_.org_id(), {.search = "b"});
  ASSERT_OK(count);
  EXPECT_EQ(*count, 3);  // "b" is in "database", their type, as well
}

TEST_F(ConnectionTableTest, RefusesALongSearch) {
  const ConnectionFilter filter = {.search = std::string(limits::kSearchTextBytesMax + 1, 'a')};
  EXPECT_STATUS(connections_.List(store_.org_id(), filter), absl::StatusCode::kInvalidArgument, "search text");
  EXPECT_STATUS(connections_.Count(store_.org_id(), filter), absl::StatusCode::kInvalidArgument, "search text");
}

TEST_F(ConnectionTableTest, WrittenWithItsGroups) {
  ConnectionRow row = MakeConnection("pg");
  ASSERT_OK(connections_.Insert(row, {"ops", "dba", "ops"}));
  EXPECT_EQ(*groups_.Get(row.id), (Texts{"dba", "ops"}));
  ASSERT_OK(connections_.Update(row));
  EXPECT_EQ(*groups_.Get(row.id), (Texts{"dba", "ops"}));
  ASSERT_OK(connections_.Update(row, Texts{"dba"}));
  EXPECT_EQ(*groups_.Get(row.id), Texts{"dba"});
  ASSERT_OK(connections_.Update(row, Texts()));
  EXPECT_EQ(*groups_.Get(row.id), Texts());
}

TEST_F(ConnectionTableTest, GroupsOfAllConnectionsAreReplacedInOneStep) {
  const ConnectionRow one = Added("one", {"a"}), two = Added("two", {"b"}), free = Added("free");
  EXPECT_EQ(*groups_.List(store_.org_id()), (ConnectionGroups{{one.id, {"a"}}, {two.id, {"b"}}}));
  EXPECT_STATUS(groups_.ReplaceAll(store_.org_id(), {{free.id, {"c"}}, {"nosuch", {"c"}}}), absl::StatusCode::kNotFound,
                "connection nosuch");
  EXPECT_STATUS(groups_.ReplaceAll("other", {{free.id, {"c"}}}), absl::StatusCode::kNotFound, free.id);
  EXPECT_EQ(groups_.List(store_.org_id())->size(), 2u);
  ASSERT_OK(groups_.ReplaceAll(store_.org_id(), {{free.id, {"d", "c"}}, {two.id, {}}}));
  EXPECT_EQ(*groups_.List(store_.org_id()), (ConnectionGroups{{free.id, {"c", "d"}}}));
  EXPECT_TRUE(groups_.List("other")->empty());
}

TEST_F(ConnectionTableTest, TagsAreComparedLetterByLetter) {
  Added("one");
  ConnectionRow row = MakeConnection("two");
  row.tags = {"OLD", "old-er"};
  row.attributes = {};
  row.connection_tags = {{"ENV", "test"}, {"test", "env"}};
  row.resource_name = "another";
  ASSERT_OK(connections_.Insert(row));
  EXPECT_EQ(Names({.tags = {"old"}}), Texts{"one"});
  EXPECT_EQ(Names({.tags = {"OLD", "old-er"}}), Texts{"two"});
  EXPECT_EQ(Names({.tags = {"ol"}}), Texts());
  EXPECT_EQ(Names({.attributes = {"attribute"}}), Texts{"one"});
  EXPECT_EQ(Names({.tags_equal = {{"env", "test"}}}), Texts{"one"});
  EXPECT_EQ(Names({.tags_differ = {{"env", "test"}}}), Texts{"two"});
  EXPECT_EQ(Names({.tags_equal = {{"env", "tes"}}}), Texts());
  EXPECT_EQ(Names({.resource_name = "another"}), Texts{"two"});
  EXPECT_EQ(Names({.ids = {row.id, "nosuch"}}), Texts{"two"});
}

}  // namespace
}  // namespace hoop
