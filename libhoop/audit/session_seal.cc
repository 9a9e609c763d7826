#include "audit/session_seal.h"

#include <algorithm>
#include <utility>

#include "base/limits/journal.h"

namespace hoop {
namespace {

// One line without control characters: they would also grow in JSON, past the room that is kept for seals.
std::string OneLine(std::string text) {
  text.resize(std::min(text.size(), limits::kEndReasonBytesMax));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

std::string MakeSealPayload(SealStatement statement, const SessionEnd& end, const AuditKey& key) {
  statement.end_reason = OneLine(end.reason);
  statement.exit_code = end.exit_code;
  statement.note = OneLine(std::move(statement.note));
  statement.key_id = key.id();
  SignedSeal seal;
  seal.text = SealText(statement);
  seal.signature = key.Sign(SealSignedBytes(seal.text));
  return SealPayload(seal);
}

}  // namespace hoop
