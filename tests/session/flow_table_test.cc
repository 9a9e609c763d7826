#include "session/flow_table.h"

#include <gtest/gtest.h>

#include "base/limits/session.h"
#include "session/session.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/memory_audit_store.h"
#include "tests/fakes/scripted_leg.h"
#include "tests/fakes/scripted_stream.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

// A client's stream that calls when its flow has nothing more for it.
class CallingStream final : public PacketStream {
 public:
  explicit CallingStream(std::function<void()> finished) : finished_(std::move(finished)) {}
  const Metadata& metadata() const override { return metadata_; }
  void SetReceiver(Receiver*) override {}
  void Send(Packet) override {}
  size_t queued_bytes() const override { return 0; }
  void SetReading(bool) override {}
  void Finish(const absl::Status&) override { std::exchange(finished_, nullptr)(); }

 private:
  std::function<void()> finished_;
  const Metadata metadata_;
};

// Flows of an open session, in a table beside the session's own.
class FlowTableTest : public ::testing::Test {
 protected:
  ~FlowTableTest() override { loop_.Turn(); }  // what is to be destroyed later goes before its session

  std::unique_ptr<Session> OpenSession() {
    SessionContext context;
    context.head.session_id = "s1";
    context.head.wire_type = "tcp";
    auto session = std::make_unique<Session>(loop_, Log(), audit_, pacer_, std::move(context),
                                             std::make_unique<ScriptedStream>(client_),
                                             std::make_unique<ScriptedLeg>(agent_), [] {});
    session->Start();
    client_.Deliver(Packet(packet::kAgentSessionOpen));
    loop_.Turn();
    return session;
  }
  Flow& Added(std::string_view id) {
    auto flow = table_.Add(id);
    EXPECT_OK(flow);
    return **flow;
  }
  // Of a flow that is closed: its release calls.
  void AtRelease(Flow& flow, std::function<void()> call) {
    flow.UseClientStream(std::make_unique<CallingStream>(std::move(call)));
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    table_.ForEach([&ids](Flow& flow) { ids.push_back(flow.id()); });
    return ids;
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  MemoryAuditStore audit_;
  BulkPacer pacer_{loop_};
  StreamScript client_;
  AgentScript agent_;
  std::unique_ptr<Session> session_ = OpenSession();
  FlowTable table_{*session_, loop_};
};

TEST_F(FlowTableTest, HasNoControlFlowBeforeTheSessionIsOpened) {
  EXPECT_EQ(table_.control(), nullptr);
  EXPECT_EQ(Ids(), std::vector<std::string>{});
  Flow& control = table_.AddControl(7);
  EXPECT_EQ(table_.control(), &control);
  EXPECT_TRUE(control.is_control());
  EXPECT_EQ(control.id(), kCommandConnectionId);
  EXPECT_EQ(control.last_request(), 7u);
}

TEST_F(FlowTableTest, FindsByConnectionIdAlone) {
  table_.AddControl(7);
  Flow& one = Added("1");
  EXPECT_FALSE(one.is_control());
  EXPECT_EQ(one.id(), "1");
  EXPECT_EQ(table_.Find("1"), &one);
  EXPECT_EQ(table_.Find("01"), nullptr);
  EXPECT_EQ(table_.Find(kCommandConnectionId), nullptr) << "the control flow has none";
}

TEST_F(FlowTableTest, AFlowWaitsForWhatTheControlFlowWaitsFor) {
  Flow& control = table_.AddControl(7);
  EXPECT_EQ(Added("1").last_request(), 7u);
  control.SetLastRequest(9);
  EXPECT_EQ(Added("2").last_request(), 9u);
}

TEST_F(FlowTableTest, RefusesMoreThanItsBound) {
  table_.AddControl(7);
  for (size_t i = 0; i < limits::kConnectionIdsMax; ++i) Added(std::to_string(i));
  EXPECT_STATUS(table_.Add("one more"), absl::StatusCode::kResourceExhausted,
                "session s1: more than 4096 local connections");
  EXPECT_EQ(table_.Find("one more"), nullptr);
  Flow& first = *table_.Find("0");
  table_.Close(first);
  table_.Mark(first);
  table_.Release();
  Added("one more");
}

TEST_F(FlowTableTest, KnowsWhichIdsWereUsed) {
  table_.AddControl(7);
  Flow& one = Added("1");
  EXPECT_FALSE(table_.WasClosed("1"));
  table_.Close(one);
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(table_.WasClosed("1"));
  EXPECT_FALSE(table_.WasClosed("2"));
  EXPECT_EQ(table_.Find("1"), &one) << "until it is released";
}

TEST_F(FlowTableTest, VisitsTheControlFlowFirst) {
  table_.AddControl(7);
  Added("b");
  Added("+");  // sorts before the control flow's id
  EXPECT_EQ(Ids(), (std::vector<std::string>{std::string(kCommandConnectionId), "+", "b"}));
}

TEST_F(FlowTableTest, ReleasesWhatIsMarkedOnceAndInOrder) {
  table_.AddControl(7);
  std::string released;
  for (const char* id : {"a", "b", "c"}) {
    Flow& flow = Added(id);
    AtRelease(flow, [&released, id] { released += id; });
    table_.Close(flow);
  }
  for (const char* id : {"c", "a", "c"}) table_.Mark(*table_.Find(id));
  EXPECT_EQ(released, "");
  table_.Release();
  EXPECT_EQ(released, "ca");
  table_.Release();
  EXPECT_EQ(released, "ca");
  table_.Mark(*table_.Find("b"));
  table_.Release();
  EXPECT_EQ(released, "cab");
}

TEST_F(FlowTableTest, WhatIsOverGoesWithItsReleaseAtTheEndOfTheTurn) {
  table_.AddControl(7);
  Flow& over = Added("over");
  over.ExpectAgentStream();  // forgotten when the flow is destroyed
  table_.Close(over);
  Flow& open = Added("open");
  Flow& unmarked = Added("unmarked");
  table_.Close(unmarked);
  table_.Mark(over);
  table_.Mark(over);  // once more is once
  table_.Mark(open);
  table_.Release();
  EXPECT_EQ(table_.Find("over"), nullptr);
  EXPECT_TRUE(table_.WasClosed("over"));
  EXPECT_EQ(table_.Find("open"), &open);
  EXPECT_EQ(table_.Find("unmarked"), &unmarked);
  EXPECT_EQ(agent_.expected.size(), 1u);
  loop_.Turn();
  EXPECT_EQ(agent_.expected.size(), 0u);
}

TEST_F(FlowTableTest, TheControlFlowStaysUntilTheSessionEnds) {
  Flow& control = table_.AddControl(7);
  control.Close();
  ASSERT_TRUE(control.over());
  table_.Mark(control);
  table_.Release();
  EXPECT_EQ(table_.control(), &control);
}

TEST_F(FlowTableTest, AFlowThatIsMarkedByAReleaseStaysForTheNextOne) {
  table_.AddControl(7);
  Flow& flow = Added("1");
  Flow& other = Added("2");
  std::string released;
  AtRelease(flow, [this, &flow, &released] {
    released += "1";
    table_.Mark(flow);
    flow.Drop();  // over now
  });
  AtRelease(other, [&released] { released += "2"; });
  table_.Close(flow);
  table_.Close(other);
  table_.Mark(flow);
  table_.Mark(other);
  table_.Release();
  EXPECT_EQ(released, "12");
  EXPECT_EQ(table_.Find("1"), &flow);
  table_.Release();
  EXPECT_EQ(table_.Find("1"), nullptr);
}

}  // namespace
}  // namespace hoop
