// The TLS of who dials a gateway, from the texts that a program was given. Used by agent/ and client/.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "hoop/tls.h"
#include "net/tls_context.h"

namespace hoop {

// Whom the dialler shows to who asks; errors call its texts by their variables.
TlsCredential DiallerCredential(const DiallerTls& tls);

// Speaks h2. InvalidArgument: a text is wrong; it is called by its variable. FailedPrecondition: no authorities.
absl::StatusOr<std::shared_ptr<TlsContext>> MakeDiallerContext(const DiallerTls& tls, TlsVerify verify);

}  // namespace hoop
