// hoop.h stands alone, in C++.
#include "hoop.h"

extern const uint32_t hoop_header_in_cxx;
const uint32_t hoop_header_in_cxx = HOOP_VERSION_NUMBER;
