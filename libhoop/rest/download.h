// Records as files: the offer of a download, the download itself, and the output of a session as text. For
// session_routes.cc.
#pragma once

#include "absl/status/statusor.h"
#include "rest/api.h"
#include "rest/download_tokens.h"
#include "rest/http_message.h"
#include "store/session_table.h"

namespace hoop::rest {

// {"download_url", "expire_at"} for what the query asks for. 422: an extension that no file name has.
absl::StatusOr<Response> OfferDownload(const ApiParts& parts, DownloadTokens& tokens, const Request& request,
                                       const SessionRow& session);

// The file, for whoever shows the token. Refusals are upstream's {"status", "message"}.
Response Download(const ApiParts& parts, DownloadTokens& tokens, const Request& request, bool is_input);

// What the session said by now, as plain text.
absl::StatusOr<Response> StreamResult(const ApiParts& parts, const Request& request);

}  // namespace hoop::rest
