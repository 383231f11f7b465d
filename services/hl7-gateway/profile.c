#include "hl7-gateway/profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "hl7-gateway/profile_tables.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct config_key profile_config_keys[] = {
    {"/feeds/*/facility", CONFIG_STRING, NULL, 0, 0, "",
     "Code of the facility in whose name this sender speaks; its key lies in the folder of publisher keys."},
    {"/feeds/*/listener", CONFIG_STRING, "", 0, 0, "", "Listener on which its messages come; empty: any."},
    {"/feeds/*/sending_application", CONFIG_STRING, "", 0, 0, "", "MSH-3.1 of its messages; empty: any."},
    {"/feeds/*/sending_facility", CONFIG_STRING, "", 0, 0, "", "MSH-4.1 of its messages; empty: any."},
    {"/feeds/*/client_certificate", CONFIG_STRING, "", 0, 0, "",
     "Common name of the certificate it has to show on a TLS listener; empty: any that the listener's CA has signed."},
    {"/feeds/*/processing_ids", CONFIG_STRING, "P", 0, 0, "",
     "Letters of MSH-11.1 that are taken: P production, T training, D debugging."},
    {"/feeds/*/ack_mode", CONFIG_STRING, "auto", 0, 0, "",
     "auto: answers as MSH-15 and MSH-16 ask for; original: always AA, AE, AR (for senders that write AL in MSH-15 by "
     "habit and wait for AA); enhanced: CA, CE, CR also where MSH-15 is empty."},
    {"/feeds/*/charset", CONFIG_STRING, "", 0, 0, "",
     "Charset of its messages whatever they declare: utf-8 or gb18030 (also GBK, GB2312); empty: as declared, else "
     "detected."},
    {"/feeds/*/update_creates_visit", CONFIG_BOOLEAN, "true", 0, 0, "",
     "Whether an A08 with a visit number (PV1-19) makes a visit that is not known."},
    {"/feeds/*/implied_visits", CONFIG_BOOLEAN, "true", 0, 0, "",
     "Whether A02, A03, A06, A07 and A13 make a visit that is not known: they prove that the patient was there."},
    {"/feeds/*/prior_must_exist", CONFIG_BOOLEAN, "false", 0, 0, "",
     "Whether a merge of a prior number that is not known is refused (AE 204) instead of kept for what comes late."},
    {"/feeds/*/unknown_authority", CONFIG_STRING, "auto", 0, 0, "",
     "What a number is whose authority (PID-3.4) is not in domains. own: the facility's; refuse: AE 204; auto: own as "
     "long as domains is empty."},
    {"/feeds/*/default_card", CONFIG_STRING, "hospital", 0, 0, "",
     "With what a visit was opened where no field says it: social-security, resident-id, health-code (the city's one "
     "card) or hospital (the patient is not counted as a one-card patient)."},
    {"/feeds/*/card_field", CONFIG_STRING, "", 0, 0, "",
     "Field that says with what a visit was opened: PV1-20, ZCD-2; empty: none."},
    {"/feeds/*/rescue_segment", CONFIG_STRING, "", 0, 0, "",
     "Z segment with the times of an emergency: field 1 when help was called, 2 when the patient arrived, 3 whether "
     "the "
     "place is urban (Y or N); empty: none."},
    {"/feeds/*/identifiers", CONFIG_STRING, "", 0, 0, "",
     "What numbers in PID-3 are, by type (PID-3.5) or authority (PID-3.4): \"IDCard=visit-card, "
     "IdentifyNO=resident-id\". "
     "Words: resident-id, medical-record, inpatient, outpatient, visit-card, other, health-code, social-card-number, "
     "social-card-code, visit-number (used only where nothing else names the person), ignore. Comes before the shipped "
     "rows: NNCHN NI SS IdentifyNO resident-id; MR PI PT LocalID medical-record; HC JHN health-code; VN AN "
     "visit-number; IDCard Card_No visit-card; PatientNO inpatient; Outpatient outpatient; UPID OtherID other; "
     "2.16.156.10011.1.3 resident-id, .1.12 inpatient, .1.13 medical-record, .1.19 health-code. A type without row is "
     "other."},
    {"/feeds/*/further_identifiers", CONFIG_STRING, "", 0, 0, "",
     "Fields beside PID-3 that hold identifiers, and what they are: \"PID-4=visit-card, PID-19=resident-id\"; of "
     "PID-2, "
     "PID-4, PID-19, PID-20."},
    {"/feeds/*/domains", CONFIG_STRING, "", 0, 0, "",
     "Who gives numbers, by authority (PID-3.4, universal id or namespace): \"HIS=own, 1.2.3.4=city-mpi\"; own is the "
     "facility itself, other words are codes of facilities or of domains that an operator registered."},
    {"/feeds/*/classes", CONFIG_STRING, "", 0, 0, "",
     "What codes in PV1-2 are: \"DAY CASE=inpatient\". Words: inpatient, outpatient, emergency, pre-admission, "
     "examination, other. Comes before the shipped rows: I B inpatient, O R outpatient, E emergency, P pre-admission, "
     "T "
     "examination, N other. A code without row is other, and listed for mapping."},
    {"/feeds/*/cards", CONFIG_STRING, "", 0, 0, "",
     "What codes in card_field are: \"1=social-security, 2=hospital\". Words: social-security, resident-id, "
     "health-code, "
     "hospital. Comes before the shipped rows: SSC 社保卡 社会保障卡, RID 身份证, EHC 电子健康卡 健康码, HOS 就诊卡."},
    {"/feeds/*/triggers", CONFIG_STRING, "", 0, 0, "",
     "Triggers (MSH-9.2) that stand for others: \"ZP1=A28, Z99=A08\"."},
    {0},
};

/* --- One feed --- */

struct loading {
    const struct config *config;
    const char *name;
    struct profile *profile;
    struct config_error *error;
};

__attribute__((format(printf, 3, 4))) static bool complain(const struct loading *loading, const char *key,
                                                           const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(loading->error->text, sizeof loading->error->text, "/feeds/%.32s/%s: %s", loading->name, key, text);
    return false;
}

/* A child's name may be as long as a path; the keys that config completed for it are not longer than this. */
#define PATH_BYTES 320

static void path_of(const struct loading *loading, const char *key, char path[PATH_BYTES]) {
    snprintf(path, PATH_BYTES, "/feeds/%s/%s", loading->name, key);
}

static const char *string_of(const struct loading *loading, const char *key) {
    char path[PATH_BYTES];
    path_of(loading, key, path);
    return config_string(loading->config, path);
}

static bool boolean_of(const struct loading *loading, const char *key) {
    char path[PATH_BYTES];
    path_of(loading, key, path);
    return config_boolean(loading->config, path);
}

static bool copy_string(const struct loading *loading, const char *key, char *to, size_t size) {
    const char *text = string_of(loading, key);
    if (strlen(text) >= size) {
        return complain(loading, key, "at most %zu bytes", size - 1);
    }
    memcpy(to, text, strlen(text) + 1);
    return true;
}

/* The place of a word among those allowed. */
static bool choose(const struct loading *loading, const char *key, const char *const *words, int *place) {
    const char *text = string_of(loading, key);
    char all[160] = "";
    size_t size = 0;
    for (*place = 0; words[*place] != NULL; (*place)++) {
        if (strcmp(words[*place], text) == 0) {
            return true;
        }
        size += (size_t)snprintf(all + size, sizeof all - size, " %s", words[*place]);
    }
    return complain(loading, key, "\"%.40s\" is none of:%s", text, all);
}

static bool read_names(const struct loading *loading) {
    struct profile *profile = loading->profile;
    if (strlen(loading->name) >= sizeof profile->name) {
        return complain(loading, "", "a feed's name has at most %zu bytes", sizeof profile->name - 1);
    }
    memcpy(profile->name, loading->name, strlen(loading->name) + 1);
    if (!copy_string(loading, "facility", profile->facility, sizeof profile->facility) ||
        !copy_string(loading, "listener", profile->listener, sizeof profile->listener) ||
        !copy_string(loading, "sending_application", profile->sending_application,
                     sizeof profile->sending_application) ||
        !copy_string(loading, "sending_facility", profile->sending_facility, sizeof profile->sending_facility) ||
        !copy_string(loading, "client_certificate", profile->client_certificate, sizeof profile->client_certificate)) {
        return false;
    }
    return profile->facility[0] != 0 || complain(loading, "facility", "it must not be empty");
}

/* "P", "PT" or "P, T". */
static bool read_processing_ids(const struct loading *loading) {
    const char *text = string_of(loading, "processing_ids");
    size_t size = 0;
    for (; *text != 0; text++) {
        if (*text == ' ' || *text == ',') {
            continue;
        }
        if (*text < 'A' || *text > 'Z' || size == sizeof loading->profile->processing_ids - 1) {
            return complain(loading, "processing_ids", "capital letters (P, T, D), at most %zu",
                            sizeof loading->profile->processing_ids - 1);
        }
        loading->profile->processing_ids[size++] = *text;
    }
    return size > 0 || complain(loading, "processing_ids", "at least one letter: P");
}

static bool read_charset(const struct loading *loading) {
    const char *text = string_of(loading, "charset");
    if (text[0] == 0) {
        loading->profile->charset = CHARSET_DETECT;
        return true;
    }
    loading->profile->charset = charset_from_name((struct text){text, strlen(text)});
    return loading->profile->charset == CHARSET_UTF8 || loading->profile->charset == CHARSET_GB18030 ||
           complain(loading, "charset", "\"%.40s\" is none of: utf-8 gb18030", text);
}

static bool read_modes(const struct loading *loading) {
    static const char *const modes[] = {"auto", "original", "enhanced", NULL};
    struct profile *profile = loading->profile;
    int place;
    if (!choose(loading, "ack_mode", modes, &place)) {
        return false;
    }
    profile->ack_mode = (enum ack_mode)place;
    profile->update_creates_visit = boolean_of(loading, "update_creates_visit");
    profile->implied_visits = boolean_of(loading, "implied_visits");
    profile->prior_must_exist = boolean_of(loading, "prior_must_exist");
    return read_processing_ids(loading) && read_charset(loading);
}

static bool is_segment_name(const char *name, char first) {
    for (size_t i = 0; i < 3; i++) {
        if (!((name[i] >= 'A' && name[i] <= 'Z') || (i > 0 && name[i] >= '0' && name[i] <= '9'))) {
            return false;
        }
    }
    return name[0] == first;
}

/* "PV1-20", "ZCD-2" */
static bool read_card_field(const struct loading *loading) {
    struct profile *profile = loading->profile;
    const char *text = string_of(loading, "card_field");
    if (text[0] == 0) {
        return true;
    }
    bool is_visit = strncmp(text, "PV1-", 4) == 0;
    char *end = NULL;
    long field = strlen(text) > 4 && text[3] == '-' ? strtol(text + 4, &end, 10) : 0;
    if ((!is_visit && !is_segment_name(text, 'Z')) || field < 1 || field > 99 || *end != 0) {
        return complain(loading, "card_field", "\"%.40s\" is no field of PV1 or of a Z segment: PV1-20, ZCD-2", text);
    }
    profile->card_field = (unsigned)field;
    if (!is_visit) {
        memcpy(profile->card_segment, text, 3);
    }
    return true;
}

static bool read_cards_and_rescue(const struct loading *loading) {
    struct profile *profile = loading->profile;
    const char *card = string_of(loading, "default_card");
    const char *rescue = string_of(loading, "rescue_segment");
    if (!profile_card_word(card, &profile->default_card)) {
        return complain(loading, "default_card",
                        "\"%.40s\" is none of: social-security resident-id health-code hospital", card);
    }
    if (rescue[0] != 0 && (strlen(rescue) != 3 || !is_segment_name(rescue, 'Z'))) {
        return complain(loading, "rescue_segment", "\"%.40s\" is no name of a Z segment: ZRC", rescue);
    }
    memcpy(profile->rescue_segment, rescue, strlen(rescue));
    return read_card_field(loading);
}

static bool read_lists(const struct loading *loading) {
    static const char *const authorities[] = {"auto", "own", "refuse", NULL};
    for (const struct profile_list *list = profile_lists; list->key != NULL; list++) {
        char why[320];
        if (!list->read(loading->profile, string_of(loading, list->key), why, sizeof why)) {
            return complain(loading, list->key, "%s", why);
        }
        if (list->add_shipped != NULL) {
            list->add_shipped(loading->profile);
        }
    }
    int place;
    if (!choose(loading, "unknown_authority", authorities, &place)) {
        return false;
    }
    loading->profile->unknown_authority_is_own = place == 1 || (place == 0 && loading->profile->domain_count == 0);
    return true;
}

/* --- All feeds --- */

static bool is_same_selector(const struct profile *a, const struct profile *b) {
    return strcmp(a->listener, b->listener) == 0 && strcmp(a->sending_application, b->sending_application) == 0 &&
           strcmp(a->sending_facility, b->sending_facility) == 0;
}

static bool is_told_apart(const struct loading *loading, const struct profiles *profiles) {
    for (size_t i = 0; i < profiles->count; i++) {
        if (is_same_selector(&profiles->rows[i], loading->profile)) {
            return complain(loading, "sending_facility",
                            "feed %s has the same listener, sending_application and sending_facility; nothing would "
                            "tell their messages apart",
                            profiles->rows[i].name);
        }
    }
    return true;
}

static bool load_one(const struct loading *loading, struct profiles *profiles) {
    if (!read_names(loading) || !read_modes(loading) || !read_cards_and_rescue(loading) || !read_lists(loading) ||
        !is_told_apart(loading, profiles)) {
        return false;
    }
    profiles->count++;
    return true;
}

static size_t count_feeds(const struct config *config) {
    size_t count = 0;
    while (config_child(config, "/feeds", count) != NULL) {
        count++;
    }
    return count;
}

enum status profiles_load(const struct config *config, struct profiles *profiles, struct config_error *error) {
    *profiles = (struct profiles){0};
    error->text[0] = 0;
    size_t count = count_feeds(config);
    if (count > PROFILES_MAX) {
        snprintf(error->text, sizeof error->text, "/feeds: there are %zu feeds; at most %d", count, PROFILES_MAX);
        return STATUS_CONFIG;
    }
    profiles->rows = calloc(count + 1, sizeof *profiles->rows);
    if (profiles->rows == NULL) {
        snprintf(error->text, sizeof error->text, "no memory for the feeds");
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct loading loading = {config, config_child(config, "/feeds", i), &profiles->rows[i], error};
        if (!load_one(&loading, profiles)) {
            profiles_release(profiles);
            return STATUS_CONFIG;
        }
    }
    return STATUS_OK;
}

void profiles_release(struct profiles *profiles) {
    free(profiles->rows);
    *profiles = (struct profiles){0};
}

/* --- Finding --- */

/* The first component of a field as it was sent, blanks round it left out. */
static struct text first_component(const struct hl7_header *header, struct text field) {
    const char *end = field.size == 0 ? NULL : memchr(field.data, header->delimiters.component, field.size);
    field.size = end == NULL ? field.size : (size_t)(end - field.data);
    while (field.size > 0 && field.data[0] == ' ') {
        field.data++;
        field.size--;
    }
    while (field.size > 0 && field.data[field.size - 1] == ' ') {
        field.size--;
    }
    return field;
}

/* -1: does not fit; else how much it says. */
static int fit(const char *wanted, struct text text, int weight) {
    if (wanted[0] == 0) {
        return 0;
    }
    return strlen(wanted) == text.size && memcmp(wanted, text.data, text.size) == 0 ? weight : -1;
}

const struct profile *profiles_find(const struct profiles *profiles, const char *listener,
                                    const struct hl7_header *header) {
    const struct profile *found = NULL;
    struct text application = first_component(header, header->sending_application);
    struct text facility = first_component(header, header->sending_facility);
    struct text place = {listener, strlen(listener)};
    int best = -1;
    for (size_t i = 0; i < profiles->count; i++) {
        const struct profile *row = &profiles->rows[i];
        int by_listener = fit(row->listener, place, 8 + 1);
        int by_application = fit(row->sending_application, application, 8 + 2);
        int by_facility = fit(row->sending_facility, facility, 8 + 4);
        int score = by_listener + by_application + by_facility;
        if (by_listener >= 0 && by_application >= 0 && by_facility >= 0 && score > best) {
            best = score;
            found = row;
        }
    }
    return found;
}
