/* hoop.h stands alone, in C99. */
#include "hoop.h"

extern const uint32_t hoop_header_in_c;
const uint32_t hoop_header_in_c = HOOP_VERSION_NUMBER;
