// What HTTP/2 peers are told who are refused before they have a session: said by front/ in transport's language.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

// SETTINGS and GOAWAY(INADEQUATE_SECURITY) with `words`, which clients show.
std::string Http2DoorRefusal(std::string_view words);

}  // namespace hoop
