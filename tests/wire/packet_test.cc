// The codec of packets against generated protobuf code, the examples of the wire's description, and broken bytes.
#include "wire/packet.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"
#include "base/limits/wire.h"
#include "base/utf8.h"
#include "tests/support/status_matchers.h"
#include "transport.pb.h"
#include "wire/capabilities.h"
#include "wire/metadata.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

protobuf::Packet Reference(const Packet& packet) {
  protobuf::Packet reference;
  EXPECT_TRUE(reference.ParseFromString(std::string(packet.bytes())));
  return reference;
}

void ExpectSame(const Packet& packet, const protobuf::Packet& reference) {
  EXPECT_EQ(packet.type(), reference.type());
  EXPECT_EQ(packet.payload(), reference.payload());
  for (const auto& [key, value] : reference.spec()) EXPECT_EQ(packet.Spec(key), value) << key;
  for (size_t i = 0; i < packet.spec_size(); ++i) {
    EXPECT_EQ(reference.spec().count(std::string(packet.spec_at(i).key)), 1u);
  }
}

TEST(Packet, EncodesTheExamplesOfTheWire) {
  const std::vector<std::pair<Packet, std::string>> examples = [] {
    std::vector<std::pair<Packet, std::string>> list;
    list.emplace_back(Packet(packet::kKeepAlive), "1210476174657761794b656570416c697665");
    list.emplace_back(Packet(packet::kAgentTerminalWriteStdin, {}, "\n"),
                      "12174167656e745465726d696e616c5772697465537464696e22010a");
    list.emplace_back(Packet(packet::kAgentTerminalResize, {}, "24,80,0,0"),
                      "12164167656e745465726d696e616c526573697a65545459220932342c38302c302c30");
    list.emplace_back(
        Packet(packet::kAgentTcpWrite,
               {{spec::kConnectionId, "1"}, {spec::kSessionId, "s"}, {spec::kTcpServerConnect, ""}}),
        "12174167656e74544350436f6e6e656374696f6e57726974651a190a14636c69656e742e636f6e6e656374696f6e5f69641201311a170a"
        "12676174657761792e73657373696f6e5f69641201731a160a127463702e7365727665725f636f6e6e6563741200");
    list.emplace_back(
        Packet(packet::kClientSessionClose, {{spec::kExitCode, "3"}, {spec::kSessionId, "s"}}, "failed"),
        "1212436c69656e7453657373696f6e436c6f73651a150a10636c69656e742e657869745f636f64651201331a170a12676174657761792e"
        "73657373696f6e5f696412017322066661696c6564");
    return list;
  }();
  for (const auto& [packet, hex] : examples) {
    EXPECT_EQ(HexEncode(packet.bytes()), hex);
    const auto parsed = Packet::Parse(*HexDecode(hex));
    ASSERT_OK(parsed);
    ExpectSame(*parsed, Reference(packet));
  }
}

TEST(Packet, AgreesWithGeneratedCode) {
  std::mt19937 random(7);
  const auto text = [&random](size_t size_max) {
    std::string bytes(random() % size_max, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 128);
    return bytes;
  };
  for (int i = 0; i < 500; ++i) {
    protobuf::Packet reference;
    reference.set_component(text(3));
    reference.set_type(text(40));
    reference.set_payload(text(400));
    for (uint32_t k = random() % 6; k > 0; --k) (*reference.mutable_spec())[text(200)] = text(300) + '\xff';
    auto parsed = Packet::Parse(reference.SerializeAsString());
    ASSERT_OK(parsed);
    ExpectSame(*parsed, reference);
    const std::string value = text(300);
    parsed->AppendSpec("added", value);
    (*reference.mutable_spec())["added"] = value;
    ExpectSame(*parsed, Reference(*parsed));
    ExpectSame(*parsed, reference);
    ExpectSame(parsed->Clone(), reference);
  }
}

TEST(Packet, TheLastOfEqualKeysWins) {
  Packet packet("T", {{"k", "first"}});
  packet.AppendSpec("k", "last");
  EXPECT_EQ(packet.SpecText("k"), "last");
  EXPECT_EQ(Reference(packet).spec().at("k"), "last");
  EXPECT_EQ(packet.spec_size(), 2u);
}

TEST(Packet, EmptyIsNotAbsent) {
  // An entry may lack its value, its key or both.
  const auto packet = Packet::Parse(*HexDecode("1a030a01611a0212001a00"));
  ASSERT_OK(packet);
  EXPECT_EQ(packet->Spec("a"), "");
  EXPECT_EQ(packet->Spec(""), "");
  EXPECT_EQ(packet->Spec("b"), std::nullopt);
  EXPECT_EQ(packet->SpecText("b"), "");
}

TEST(Packet, KeepsUnknownFields) {
  const std::string bytes = *HexDecode("28011201542a02686931010203040506070835010203042201703a00");
  const auto packet = Packet::Parse(bytes);
  ASSERT_OK(packet);
  EXPECT_EQ(packet->type(), "T");
  EXPECT_EQ(packet->payload(), "p");
  EXPECT_EQ(packet->bytes(), bytes);
}

TEST(Packet, RefusesWhatIsNoPacket) {
  for (const std::string_view hex : {
           "12",                      // no length
           "1205ab",                  // shorter than it says
           "12ffffffffffffffffff01",  // length beyond everything
           "00",                      // field 0
           "1001",                    // a type that is a number
           "1b",                      // a group
           "2d0102",                  // truncated fixed32
           "29010203",                // truncated fixed64
           "28ffffffffffffffffffff",  // varint without end
           "1a020a05",                // truncated key
           "1a020801",                // a key that is a number
           "1a0100",                  // field 0 in an entry
       }) {
    EXPECT_STATUS(Packet::Parse(*HexDecode(hex)), absl::StatusCode::kInvalidArgument, "packet: ");
  }
  EXPECT_STATUS(Packet::Parse(*HexDecode("120154120154")), absl::StatusCode::kInvalidArgument, "field 2 occurs twice");
  EXPECT_STATUS(Packet::Parse(*HexDecode("220170220170")), absl::StatusCode::kInvalidArgument, "field 4 occurs twice");
  EXPECT_STATUS(Packet::Parse(*HexDecode("1202c328")), absl::StatusCode::kInvalidArgument, "invalid UTF-8");
  EXPECT_STATUS(Packet::Parse(*HexDecode("1a040a02c328")), absl::StatusCode::kInvalidArgument, "invalid UTF-8");
}

TEST(Packet, HasBounds) {
  EXPECT_STATUS(Packet::Parse(std::string(limits::kMessageReceiveBytesMax + 1, '\0')),
                absl::StatusCode::kResourceExhausted, "larger than max");
  Packet packet("T");
  for (size_t i = 0; i < limits::kPacketSpecEntriesMax; ++i) packet.AppendSpec(std::to_string(i), "");
  EXPECT_OK(Packet::Parse(std::string(packet.bytes())));
  packet.AppendSpec("one more", "");
  EXPECT_STATUS(Packet::Parse(std::string(packet.bytes())), absl::StatusCode::kResourceExhausted, "spec entries");
  EXPECT_OK(Packet::Parse(std::string(Packet(std::string(limits::kPacketTypeBytesMax, 't')).bytes())));
  EXPECT_STATUS(Packet::Parse(std::string(Packet(std::string(limits::kPacketTypeBytesMax + 1, 't')).bytes())),
                absl::StatusCode::kInvalidArgument, "type of 257 bytes");
}

TEST(Packet, RandomBytesNeverHurt) {
  std::mt19937 random(3);
  const std::string good(Packet("Type", {{"key", "value"}}, "payload").bytes());
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const auto parsed = Packet::Parse(bytes);
    protobuf::Packet reference;
    // What we take, protobuf takes too, and understands alike.
    if (parsed.ok()) {
      ASSERT_TRUE(reference.ParseFromString(bytes)) << HexEncode(bytes);
      ExpectSame(*parsed, reference);
    }
  }
}

TEST(Packet, DropsEntriesByPrefix) {
  const Packet packet("T", {{"hoop.fin", ""}, {"a", "1"}, {"hoop.x", "2"}}, "p");
  EXPECT_TRUE(packet.HasSpecWithPrefix("hoop."));
  const Packet clean = packet.WithoutSpecPrefix("hoop.");
  EXPECT_FALSE(clean.HasSpecWithPrefix("hoop."));
  EXPECT_EQ(clean.type(), "T");
  EXPECT_EQ(clean.payload(), "p");
  EXPECT_EQ(clean.SpecText("a"), "1");
  EXPECT_EQ(clean.spec_size(), 1u);
}

TEST(Metadata, FindsTheNamesOfOldClients) {
  const Metadata metadata = {{"connection_name", "old"}, {"verb", "exec"}, {"verb", "second"}};
  EXPECT_EQ(metadata.Get("connection-name"), "old");
  EXPECT_EQ(metadata.Get("verb"), "exec");
  EXPECT_EQ(metadata.Get("origin"), "");
}

TEST(Capabilities, AreTextInBothDirections) {
  EXPECT_EQ(FormatCapabilities(kAllCapabilities), "1;streams,chunks,ping");
  EXPECT_EQ(ParseCapabilities("1;streams,chunks,ping"), kAllCapabilities);
  EXPECT_EQ(ParseCapabilities("1;ping,unknown,,"), (Capabilities{.ping = true}));
  EXPECT_FALSE(ParseCapabilities("2;streams").any());
  EXPECT_FALSE(ParseCapabilities("").any());
  EXPECT_EQ(FormatCapabilities({}), "");
  EXPECT_EQ(Common(kAllCapabilities, {.chunks = true}), (Capabilities{.chunks = true}));
}

TEST(Utf8, FollowsTheStandard) {
  for (const std::string_view good : {"", "abc", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << HexEncode(good);
  }
  for (const std::string_view bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                                     "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << HexEncode(bad);
  }
}

}  // namespace
}  // namespace hoop
