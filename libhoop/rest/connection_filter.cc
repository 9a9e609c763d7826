#include "rest/connection_filter.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/names.h"

namespace hoop::rest {
namespace {

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

absl::StatusOr<std::string> Word(const Request& request, const char* name) {
  std::string text = request.Query(name);
  if (!text.empty()) HOOP_RETURN_IF_ERROR(CheckWord(name, text));
  return text;
}

absl::StatusOr<std::vector<std::string>> Words(const Request& request, const char* name) {
  std::vector<std::string> words = Split(request.Query(name));
  if (words.size() > limits::kRestFilterItemsMax) return InvalidArgument("{}: too many", name);
  for (const std::string& word : words) HOOP_RETURN_IF_ERROR(CheckWord(name, word));
  return words;
}

// "key=value,key!=value"
absl::Status ReadSelector(const std::string& text, ConnectionFilter& filter) {
  const std::vector<std::string> terms = Split(text);
  if (terms.size() > limits::kRestFilterItemsMax) return InvalidArgument("tag_selector: too many");
  for (const std::string& term : terms) {
    const size_t equals = term.find('=');
    if (equals == std::string::npos) return InvalidArgument("tag_selector: neither key=value nor key!=value");
    const bool differs = equals > 0 && term[equals - 1] == '!';
    std::string key = term.substr(0, differs ? equals - 1 : equals), value = term.substr(equals + 1);
    HOOP_RETURN_IF_ERROR(CheckTag(key, value));
    (differs ? filter.tags_differ : filter.tags_equal).emplace_back(std::move(key), std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConnectionFilter> ReadConnectionFilter(const Request& request) {
  ConnectionFilter filter;
  HOOP_ASSIGN_OR_RETURN(filter.agent_id, Word(request, "agent_id"));
  HOOP_ASSIGN_OR_RETURN(filter.type, Word(request, "type"));
  HOOP_ASSIGN_OR_RETURN(filter.subtype, Word(request, "subtype"));
  HOOP_ASSIGN_OR_RETURN(filter.managed_by, Word(request, "managed_by"));
  filter.name = request.Query("name");
  filter.resource_name = request.Query("resource_name");
  filter.search = request.Query("search");
  HOOP_ASSIGN_OR_RETURN(filter.tags, Words(request, "tags"));
  HOOP_ASSIGN_OR_RETURN(filter.attributes, Words(request, "attribute"));
  filter.ids = Split(request.Query("connection_ids"));
  if (filter.ids.size() > limits::kRestFilterItemsMax) return InvalidArgument("connection_ids: too many");
  for (const std::string& id : filter.ids) {
    if (!IsUuid(id)) return InvalidArgument("connection_ids: {} is no id", id);
  }
  HOOP_RETURN_IF_ERROR(ReadSelector(request.Query("tag_selector"), filter));
  return filter;
}

}  // namespace hoop::rest
