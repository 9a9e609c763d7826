/* Certificates for the C tests, and what a listener shows: by the authority of the other tests, tests/support. */
#ifndef TESTS_C_AUTHORITY_H
#define TESTS_C_AUTHORITY_H

#ifdef __cplusplus
extern "C" {
#endif

enum { OUR_AUTHORITY, FOREIGN_AUTHORITY, AUTHORITIES };

/* PEM, for as long as the program runs. */
const char* authority_certificate(int authority);

/* For 127.0.0.1 and gw.test, good for a month. Both are PEM, to be freed. */
void issue_certificate(int authority, const char* subject, char** certificate, char** key);

/* The common name that "127.0.0.1:<port>" shows to who speaks TLS there; "" when it shows none. To be freed. */
char* shown_name(const char* address);

#ifdef __cplusplus
}
#endif

#endif
