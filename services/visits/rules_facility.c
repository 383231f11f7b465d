#include <string.h>

#include "visits/events_person.h"
#include "codes/region.h"
#include "visits/rules.h"

/*
 * A facility is made known by an operator. Its code is the organisation of its keys and its region is where all its
 * visits count, so neither ever changes; the name may. A domain of local ids that several facilities share is made known
 * with its owners; codes of facilities and domains are of one kind, since either may stand in LocalId.domain.
 */

static bool is_code(const char *text) {
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[size] == 0 && size < VISITS_CODE_BYTES;
}

static uint32_t check(const struct visits *self, const Visits__V1__RegisterFacility *body, const char **field) {
    *field = "facility";
    if (body->facility[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (!is_code(body->facility) || visits_find_domain(self, body->facility) != 0) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "name";
    if (body->name[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (strlen(body->name) >= VISITS_NAME_BYTES) {
        return VISITS__V1__CODE__CODE_FIELD_TOO_LONG;
    }
    *field = "region";
    return region_takes_facilities(body->region) ? 0 : VISITS__V1__CODE__CODE_REGION_UNKNOWN;
}

/* Against what is registered already. 0 when it may be (re)registered. */
static uint32_t check_known(const struct deciding *d, const struct facility *known, uint32_t number,
                            const Visits__V1__RegisterFacility *body, const char **field) {
    *field = "expected_version";
    if (command_is_stale(d->command, known->last_seq)) {
        return COMMON__V1__CODE__CODE_STALE_VERSION;
    }
    *field = "region";
    if (number != 0 && known->region != body->region) {
        return VISITS__V1__CODE__CODE_REGION_FIXED;
    }
    *field = NULL;
    if (number != 0 && known->key_check != d->self->key_check) {
        return VISITS__V1__CODE__CODE_PSEUDONYM_KEY_CHANGED;
    }
    return number == 0 && table_is_full(&d->self->facilities) ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

static void emit(struct deciding *d, const Visits__V1__RegisterFacility *body, uint64_t prev) {
    struct event_facility_registered *private_body = &d->work->body.registered;
    *private_body = (struct event_facility_registered){.key_check = d->self->key_check, .region = body->region};
    memcpy(private_body->code, body->facility, strlen(body->facility));
    memcpy(private_body->name, body->name, strlen(body->name));
    visits__v1__facility_registered__init(&d->work->registered);
    d->work->registered.facility = body->facility;
    d->work->registered.name = body->name;
    d->work->registered.region = body->region;
    visits__v1__event__init(&d->work->event);
    d->work->event.body_case = VISITS__V1__EVENT__BODY_FACILITY_REGISTERED;
    d->work->event.facility_registered = &d->work->registered;
    rules_emit(d, EVENT_FACILITY_REGISTERED, private_body, sizeof *private_body, prev)->public_body =
        &d->work->event.base;
}

void rules_register_facility(struct deciding *d, const Visits__V1__RegisterFacility *body) {
    const char *field = NULL;
    uint32_t code = check(d->self, body, &field);
    const uint32_t number = code == 0 ? visits_find_facility(d->self, body->facility) : 0;
    const struct facility *known = visits_facility(d->self, number);
    if (code == 0) {
        code = check_known(d, known, number, body, &field);
    }
    if (code != 0) {
        rules_refuse(d, code, field);
    } else if (number == 0 || strcmp(known->name, body->name) != 0) {
        emit(d, body, known->last_seq);
    }
}

/* --- domains --- */

static uint32_t check_domain(const struct visits *self, const Visits__V1__RegisterDomain *body, const char **field) {
    *field = "domain";
    if (body->domain[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (!is_code(body->domain) || visits_find_facility(self, body->domain) != 0) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "owners";
    if (body->n_owners == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (body->n_owners > VISITS_DOMAIN_OWNERS_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    for (size_t i = 0; i < body->n_owners; i++) {
        if (visits_find_facility(self, body->owners[i]) == 0) {
            return VISITS__V1__CODE__CODE_FACILITY_UNKNOWN;
        }
    }
    *field = NULL;
    return visits_find_domain(self, body->domain) == 0 && table_is_full(&self->domains) ? COMMON__V1__CODE__CODE_EXHAUSTED
                                                                                      : 0;
}

static void add_owner(struct domain *domain, uint16_t owner) {
    for (unsigned i = 0; i < domain->owner_count; i++) {
        if (domain->owners[i] == owner) {
            return;
        }
    }
    domain->owners[domain->owner_count++] = owner;
}

void rules_register_domain(struct deciding *d, const Visits__V1__RegisterDomain *body) {
    const char *field = NULL;
    const uint32_t code = check_domain(d->self, body, &field);
    struct domain *domain = code == 0 ? arena_zalloc(d->arena, sizeof *domain) : NULL;
    if (domain == NULL) {
        rules_refuse(d, code == 0 ? (uint32_t)COMMON__V1__CODE__CODE_TOO_LARGE : code, field);
        return;
    }
    memcpy(domain->code, body->domain, strlen(body->domain));
    for (size_t i = 0; i < body->n_owners; i++) {
        add_owner(domain, (uint16_t)visits_find_facility(d->self, body->owners[i]));
    }
    const uint32_t known = visits_find_domain(d->self, domain->code);
    if (known == 0 || memcmp(visits_domain(d->self, known), domain, sizeof *domain) != 0) {
        rules_emit(d, EVENT_DOMAIN_REGISTERED, domain, sizeof *domain, 0);
    }
}
