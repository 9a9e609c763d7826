// Makes libnghttp2 sessions whose call-backs lead to Http2Session.
#pragma once

#include "transport/http2_session.h"

namespace hoop {

// Static functions in the shape that libnghttp2 wants; `user` is the Http2Session.
struct Http2Session::Callbacks {
  struct Members;
  static nghttp2_session* NewSession(Http2Session& session);
};

}  // namespace hoop
