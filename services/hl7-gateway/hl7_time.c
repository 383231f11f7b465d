#include "base/civil.h"
#include "hl7-gateway/hl7.h"

/*
 * Two families: the time stamp of HL7 (v2.x 2A.21, TS and DTM), digits alone, and the one of ISO 8601 that systems
 * print from their own databases. Each ends where the sender's precision ends.
 */

struct scan {
    const char *at;
    bool has_hyphens;
    int32_t day;
    unsigned hour, minute, second, ms;
    int zone_s;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take_number(struct scan *scan, unsigned digits, unsigned *value) {
    *value = 0;
    for (unsigned i = 0; i < digits; i++, scan->at++) {
        if (!is_digit(*scan->at)) {
            return false;
        }
        *value = *value * 10 + (unsigned)(*scan->at - '0');
    }
    return true;
}

/* Years and months are needed, the day may be missing. */
static bool take_date(struct scan *scan) {
    unsigned year, month, day = 1;
    if (!take_number(scan, 4, &year)) {
        return false;
    }
    scan->has_hyphens = *scan->at == '-';
    scan->at += scan->has_hyphens;
    if (!take_number(scan, 2, &month)) {
        return false;
    }
    bool has_day = scan->has_hyphens ? *scan->at == '-' : is_digit(*scan->at);
    scan->at += has_day && scan->has_hyphens;
    if ((has_day && !take_number(scan, 2, &day)) || !civil_date_is_valid((int32_t)year, month, day)) {
        return false;
    }
    scan->day = civil_day_from_date((int32_t)year, month, day);
    return true;
}

/* T or a blank before the clock: needed behind hyphens. False: a clock must follow and does not. */
static bool take_joint(struct scan *scan, bool *has_clock) {
    bool has_joint = *scan->at == 'T' || *scan->at == ' ';
    scan->at += has_joint;
    *has_clock = is_digit(*scan->at) && (has_joint || !scan->has_hyphens);
    return *has_clock || !has_joint;
}

/* Behind minutes or seconds; has_colons as it was behind the hour. */
static bool continues(struct scan *scan, bool has_colons) {
    if (has_colons && *scan->at == ':') {
        scan->at++;
        return true;
    }
    return !has_colons && is_digit(*scan->at);
}

static bool take_fraction(struct scan *scan) {
    if (*scan->at != '.') {
        return true;
    }
    const char *first = ++scan->at;
    unsigned weight = 100;
    for (; is_digit(*scan->at); scan->at++) {
        scan->ms += (unsigned)(*scan->at - '0') * weight;
        weight /= 10;
    }
    return scan->at > first;
}

/* A leap second (60) is the first one of the next minute. */
static bool take_clock(struct scan *scan) {
    if (!take_number(scan, 2, &scan->hour) || scan->hour > 23) {
        return false;
    }
    bool has_colons = *scan->at == ':';
    if (!continues(scan, has_colons)) {
        return true;
    }
    if (!take_number(scan, 2, &scan->minute) || scan->minute > 59) {
        return false;
    }
    if (!continues(scan, has_colons)) {
        return true;
    }
    return take_number(scan, 2, &scan->second) && scan->second <= 60 && take_fraction(scan);
}

/* +0800, +08:00, Z; zones lie between -12:00 and +14:00. */
static bool take_zone(struct scan *scan) {
    scan->zone_s = CIVIL_OFFSET_S;
    char sign = *scan->at;
    if (sign == 0) {
        return true;
    }
    scan->at++;
    if (sign == 'Z') {
        scan->zone_s = 0;
        return true;
    }
    unsigned hours, minutes;
    if ((sign != '+' && sign != '-') || !take_number(scan, 2, &hours)) {
        return false;
    }
    scan->at += *scan->at == ':';
    if (!take_number(scan, 2, &minutes) || minutes > 59) {
        return false;
    }
    unsigned offset_s = hours * 3600 + minutes * 60;
    scan->zone_s = sign == '-' ? -(int)offset_s : (int)offset_s;
    return offset_s <= (sign == '-' ? 12u : 14u) * 3600;
}

bool hl7_time(const char *text, int64_t *unix_ms) {
    struct scan scan = {.at = text};
    bool has_clock;
    if (!take_date(&scan) || !take_joint(&scan, &has_clock) || (has_clock && !take_clock(&scan)) || !take_zone(&scan) ||
        *scan.at != 0) {
        return false;
    }
    int64_t seconds = scan.day * INT64_C(86400) + scan.hour * 3600 + scan.minute * 60 + scan.second - scan.zone_s;
    *unix_ms = seconds * 1000 + scan.ms;
    return true;
}
