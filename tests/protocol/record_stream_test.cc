#include "protocol/record_stream.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "base/ids.h"
#include "protocol/crc32c.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(Crc32c, KnowsTheStandardVectors) {
  EXPECT_EQ(Crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(0, std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 B.4
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstructionAndInParts) {
  std::string bytes(1000, '\0');
  RandomBytes(bytes.data(), bytes.size());
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const std::string_view some = std::string_view(bytes).substr(0, size);
    EXPECT_EQ(Crc32c(9, some), Crc32cPortable(9, some));
    EXPECT_EQ(Crc32c(Crc32c(9, some), std::string_view(bytes).substr(size)), Crc32c(9, bytes));
  }
}

// A key of its own, without audit/.
class TestKey {
 public:
  TestKey() {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr);
    EVP_PKEY_keygen_init(context);
    EVP_PKEY_keygen(context, &key_);
    EVP_PKEY_CTX_free(context);
  }
  ~TestKey() { EVP_PKEY_free(key_); }
  std::string Public() const {
    std::string bytes(32, '\0');
    size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(bytes.data()), &size);
    return bytes;
  }
  std::string Sign(const std::string& message) const {
    std::string signature(64, '\0');
    size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()), message.size());
    EVP_MD_CTX_free(context);
    return signature;
  }

 private:
  EVP_PKEY* key_ = nullptr;
};

class RecordVerifierTest : public ::testing::Test {
 protected:
  RecordVerifierTest() {
    Add(RecordKind::kOpen, Direction::kGateway, "{}");
    Add(RecordKind::kInput, Direction::kRequest, "select 1");
    Add(RecordKind::kOutput, Direction::kReply, "1");
  }
  void Add(RecordKind kind, Direction direction, std::string_view payload, bool continued = false) {
    RecordView record;
    record.generation = 7;
    record.kind = kind;
    record.direction = direction;
    record.continued = continued;
    record.position = ++position_;
    record.session = *ParseSessionUuid(id_);
    record.time_us = 1'700'000'000'000'000;
    record.connection_id = kind == RecordKind::kSeal ? "" : "42";
    record.payload = payload;
    const size_t begin = bytes_.size();
    AppendRecord(bytes_, record);
    ends_.push_back(bytes_.size());
    if (kind == RecordKind::kSeal) return;
    hasher_.Extend(statement_.chain_head, std::string_view(bytes_).substr(begin));
    statement_.counts.Add(record);
    statement_.last_position = record.position;
  }
  void Seal() {
    statement_.session_id = id_;
    statement_.end_reason = "client left";
    statement_.sealed_at_us = 1'700'000'000'000'000;
    statement_.key_id = AuditKeyId(key_.Public());
    const std::string text = SealText(statement_);
    Add(RecordKind::kSeal, Direction::kGateway, SealPayload({text, key_.Sign(SealSignedBytes(text))}));
  }
  VerifyReport Verify(const std::string& bytes, size_t step = 1'000'000, bool session_runs = false) {
    RecordVerifier verifier(id_, key_.Public());
    for (size_t at = 0; at < bytes.size(); at += step) verifier.Add(std::string_view(bytes).substr(at, step));
    return verifier.Finish(session_runs);
  }

  const std::string id_ = NewUuid();
  TestKey key_;
  ChainHasher hasher_;
  SealStatement statement_;
  uint64_t position_ = 0;
  std::string bytes_;
  std::vector<size_t> ends_;
};

TEST_F(RecordVerifierTest, AcceptsAWholeRecordHoweverItIsCut) {
  Seal();
  for (const size_t step : {1, 3, 50, 1'000'000}) {
    const VerifyReport report = Verify(bytes_, step);
    EXPECT_TRUE(report.ok) << report.problem;
    EXPECT_TRUE(report.sealed);
    EXPECT_EQ(report.records, 4u);
    EXPECT_EQ(report.end_reason, "client left");
    EXPECT_EQ(report.key_id, AuditKeyId(key_.Public()));
  }
}

TEST_F(RecordVerifierTest, FindsEveryChangedByte) {
  Seal();
  for (size_t at = 0; at < bytes_.size(); ++at) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const VerifyReport report = Verify(changed);
    EXPECT_FALSE(report.ok) << "byte " << at;
    EXPECT_FALSE(report.problem.empty());
  }
}

// Whoever changes a record can compute its checksum anew; the chain and the signature still find it.
TEST_F(RecordVerifierTest, FindsAChangeWithARightChecksum) {
  Seal();
  const size_t begin = ends_[0];
  RecordView record = *ParseRecord(std::string_view(bytes_).substr(begin));
  const std::string payload = "select 2";
  record.payload = payload;
  std::string changed = bytes_.substr(0, begin);
  AppendRecord(changed, record);
  changed += bytes_.substr(ends_[1]);
  const VerifyReport report = Verify(changed);
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.problem, "record 4: the chain differs from the sealed one");
}

TEST_F(RecordVerifierTest, FindsWhatIsMissingDoubledOrForeign) {
  Seal();
  const auto part = [this](size_t i) {
    return bytes_.substr(i == 0 ? 0 : ends_[i - 1], ends_[i] - (i == 0 ? 0 : ends_[i - 1]));
  };
  EXPECT_FALSE(Verify(part(0) + part(2) + part(3)).ok);
  EXPECT_FALSE(Verify(part(0) + part(1) + part(1) + part(2) + part(3)).ok);
  EXPECT_FALSE(Verify(part(0) + part(2) + part(1) + part(3)).ok);
  EXPECT_EQ(Verify(part(1) + part(2) + part(3)).problem, "record 1: does not open the session");
  EXPECT_FALSE(Verify(bytes_ + part(3)).ok);
  const VerifyReport unsealed = Verify(part(0) + part(1) + part(2));
  EXPECT_FALSE(unsealed.ok);
  EXPECT_FALSE(unsealed.sealed);
  EXPECT_FALSE(unsealed.running);
  EXPECT_EQ(unsealed.problem, "no seal behind record 3: the session is over, its record was cut off");
  EXPECT_NE(Verify(bytes_.substr(0, bytes_.size() - 1)).problem.find("the bytes end inside it"), std::string::npos);
  EXPECT_FALSE(Verify("").ok);

  RecordVerifier other_session(NewUuid(), key_.Public());
  other_session.Add(bytes_);
  EXPECT_EQ(other_session.Finish(false).problem, "record 1: belongs to another session");
  RecordVerifier other_key(id_, TestKey().Public());
  other_key.Add(bytes_);
  EXPECT_NE(other_key.Finish(false).problem.find("not signed by the audit key"), std::string::npos);
}

TEST_F(RecordVerifierTest, ASessionThatRunsIsNotCutOff) {
  const VerifyReport report = Verify(bytes_, bytes_.size(), true);
  EXPECT_FALSE(report.ok);
  EXPECT_TRUE(report.running);
  EXPECT_EQ(report.problem, "no seal behind record 3: the session still runs");
  EXPECT_TRUE(Verify("", 1, true).running);  // nothing is recorded yet
  std::string changed = bytes_;
  changed[ends_[0] + 30] ^= 1;
  const VerifyReport damaged = Verify(changed, changed.size(), true);
  EXPECT_FALSE(damaged.running);
  EXPECT_NE(damaged.problem, "");
  Seal();
  EXPECT_TRUE(Verify(bytes_, bytes_.size(), true).ok);  // it ended meanwhile
  EXPECT_FALSE(Verify(bytes_, bytes_.size(), true).running);
}

TEST_F(RecordVerifierTest, ReaderJoinsParts) {
  Add(RecordKind::kInput, Direction::kRequest, "one ", true);
  Add(RecordKind::kInput, Direction::kRequest, "two", false);
  std::vector<std::string> payloads;
  RecordReader reader;
  bool stopped = false;
  for (char c : bytes_) {
    ASSERT_OK(reader.Add(
        {&c, 1},
        [&payloads](const RecordEntry& entry) {
          payloads.push_back(entry.payload);
          return true;
        },
        &stopped));
  }
  ASSERT_OK(reader.Finish());
  EXPECT_EQ(payloads, (std::vector<std::string>{"{}", "select 1", "1", "one two"}));
}

TEST(RecordFormat, RefusesWhatIsNoRecord) {
  std::string bytes;
  RecordView record;
  record.kind = RecordKind::kInput;
  record.position = 1;
  record.payload = "x";
  AppendRecord(bytes, record);
  ASSERT_OK(ParseRecord(bytes));
  EXPECT_STATUS(ParseRecord(bytes.substr(0, bytes.size() - 1)), absl::StatusCode::kOutOfRange, "");
  EXPECT_STATUS(ParseRecord(bytes.substr(0, 3)), absl::StatusCode::kOutOfRange, "");
  EXPECT_STATUS(ParseRecord(std::string(100, '\0')), absl::StatusCode::kNotFound, "");
  EXPECT_STATUS(ParseRecord("\x01" + std::string(100, '\0')), absl::StatusCode::kDataLoss, "length");
  EXPECT_STATUS(ParseRecord(std::string(100, '\xff')), absl::StatusCode::kDataLoss, "length");
}

TEST(RecordSeal, RefusesWhatIsNoSeal) {
  for (const char* payload : {"", "[]", "{}", R"({"seal":1,"signature":""})", R"({"seal":"x","signature":"?"})"}) {
    EXPECT_STATUS(ParseSealPayload(payload), absl::StatusCode::kDataLoss, "");
  }
  EXPECT_STATUS(ParseSealText("{}"), absl::StatusCode::kDataLoss, "version");
  EXPECT_STATUS(ParseSealText(R"({"version":2})"), absl::StatusCode::kDataLoss, "version 2");
  EXPECT_FALSE(VerifySeal("short", {"{}", std::string(64, 'x')}));
  EXPECT_FALSE(VerifySeal(std::string(32, 'k'), {"{}", "short"}));
}

}  // namespace
}  // namespace hoop
