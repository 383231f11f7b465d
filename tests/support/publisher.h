#ifndef SUPPORT_PUBLISHER_H
#define SUPPORT_PUBLISHER_H

#include <stddef.h>
#include <stdint.h>

/*
 * A load of plain visits, as hospitals publish them over CURVE: OpenVisit commands of a social security card, one
 * connection per facility, in the order of the days of 2020. Facilities are the first hospitals of the synthetic city;
 * persons have valid made-up identity numbers. A function of its options: visit n is always the same.
 */
struct publisher_options {
    const char *endpoint;
    const char *server_key_path;
    const char *keys_folder;    /* of FACILITY.key */
    size_t facilities;          /* 1..city_hospital_count() */
    uint64_t first;             /* number of the first visit */
    uint64_t count;             /* visits to send */
    uint64_t persons;           /* drawn from; at most 20 million */
    size_t submit_commands;     /* commands in one Submit */
    uint32_t window_submits;    /* in flight per facility */
};

struct publisher_result {
    uint64_t accepted;
    uint64_t duplicates;
    uint64_t refused;
    double seconds;
    double cpu_seconds; /* of this process meanwhile */
};

/* Sends RegisterFacility for each, with the operator's key. Aborts when one is refused. */
void publisher_register(const char *endpoint, const char *server_key_path, const char *operator_key_path,
                        size_t facilities);
/* The body of visit n at a facility, packed; returns its size (at most 256). Also tells when it occurred. Three of four
 * visits are of a person who usually goes there. */
size_t publisher_visit(const struct publisher_options *options, uint64_t n, size_t facility, uint8_t body[256],
                       int64_t *occurred_at_ms);
/* Sends all and waits for every receipt. */
struct publisher_result publisher_run(const struct publisher_options *options);

#endif
