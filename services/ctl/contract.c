#include "ctl/contract.h"

#include <stdio.h>
#include <string.h>

#include "approvals/v1/codes.pb-c.h"
#include "approvals/v1/commands.pb-c.h"
#include "approvals/v1/events.pb-c.h"
#include "approvals/v1/query.pb-c.h"
#include "common/v1/problem.pb-c.h"
#include "ctl/ctl.h"
#include "hl7/v1/query.pb-c.h"
#include "issues/v1/codes.pb-c.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "issues/v1/query.pb-c.h"
#include "metrics/v1/metrics.pb-c.h"
#include "visits/v1/codes.pb-c.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"
#include "visits/v1/query.pb-c.h"

const struct contract contracts[] = {
    {
        .service = "visits",
        .command = &visits__v1__command__descriptor,
        .event = &visits__v1__event__descriptor,
        .query = &visits__v1__query__descriptor,
        .answer = &visits__v1__answer__descriptor,
        .codes = &visits__v1__code__descriptor,
    },
    {
        .service = "approvals",
        .command = &approvals__v1__command__descriptor,
        .event = &approvals__v1__event__descriptor,
        .query = &approvals__v1__query__descriptor,
        .answer = &approvals__v1__answer__descriptor,
        .codes = &approvals__v1__code__descriptor,
    },
    {
        .service = "issues",
        .command = &issues__v1__command__descriptor,
        .event = &issues__v1__event__descriptor,
        .query = &issues__v1__query__descriptor,
        .answer = &issues__v1__answer__descriptor,
        .codes = &issues__v1__code__descriptor,
    },
    {
        .service = "aggregator",
        .command = &metrics__v1__command__descriptor,
        .query = &metrics__v1__query__descriptor,
        .answer = &metrics__v1__answer__descriptor,
    },
    {
        .service = "hl7-gateway",
        .query = &hl7__v1__query__descriptor,
        .answer = &hl7__v1__answer__descriptor,
    },
    {.service = NULL},
};

const struct contract *contract_find(const char *service) {
    char names[128] = "";
    for (const struct contract *contract = contracts; contract->service; contract++) {
        if (strcmp(contract->service, service) == 0) {
            return contract;
        }
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", contract->service);
    }
    ctl_error(0, "no service \"%s\"; there are: %s", service, names);
    return NULL;
}

const char *contract_code_name(const struct contract *contract, uint32_t code) {
    const ProtobufCEnumDescriptor *codes = code < 100 ? &common__v1__code__descriptor
                                           : contract ? contract->codes
                                                      : NULL;
    const ProtobufCEnumValue *value = codes ? protobuf_c_enum_descriptor_get_value(codes, (int)code) : NULL;
    if (!value) {
        return "UNKNOWN";
    }
    return strncmp(value->name, "CODE_", 5) == 0 ? value->name + 5 : value->name;
}
