// Names of PostgreSQL's built-in types by their OID, which never change. For people who read statements.
#pragma once

#include <cstdint>
#include <string>

namespace hoop::rest {

// "int4"; the number itself for a type that is not built in; "unknown" when nobody said it.
std::string PostgresTypeName(uint32_t oid);

}  // namespace hoop::rest
