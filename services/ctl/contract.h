#ifndef CTL_CONTRACT_H
#define CTL_CONTRACT_H

#include <protobuf-c/protobuf-c.h>

/* What a service's messages are, from the generated code. One list, used by submit, query, follow and rejects. */
struct contract {
    const char *service; /* name of the daemon and of its section in ctl.conf */
    const ProtobufCMessageDescriptor *command; /* NULL: it takes none here */
    const ProtobufCMessageDescriptor *event; /* NULL: it offers no feed */
    const ProtobufCMessageDescriptor *query;
    const ProtobufCMessageDescriptor *answer;
    const ProtobufCEnumDescriptor *codes; /* its own codes, from 100 on; NULL: none */
};

/* Ended by a row with a NULL service. */
extern const struct contract contracts[];

/* NULL when there is no such service; then the names of those there are have been said on stderr. */
const struct contract *contract_find(const char *service);
/* "FORBIDDEN" for a common code, "RESIDENT_ID_INVALID" for one of the service; "UNKNOWN" for neither. */
const char *contract_code_name(const struct contract *contract, uint32_t code);

#endif
