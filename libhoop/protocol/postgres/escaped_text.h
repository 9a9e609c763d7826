// Foreign text as part of one line for people. Used by transcript.
#pragma once

#include <string>
#include <string_view>

namespace hoop::postgres {

// What stands between two texts of a line cannot come from one of them: a backslash goes before each backslash and each
// of `separators`. Control characters (C0, DEL, C1) and bytes that are no UTF-8 become \n, \r, \t or \xNN, everything
// else stays. The marks of a transcript are a backslash and what never stands behind one here.
std::string EscapedText(std::string_view text, std::string_view separators = {});

// Every byte as \xNN.
std::string EscapedBytes(std::string_view bytes);

}  // namespace hoop::postgres
