#include "hl7-gateway/profile_tables.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hl7-gateway/map.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KIND(word) VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_##word
#define CLASS(word) VISITS__V1__VISIT_CLASS__VISIT_CLASS_##word
#define CARD(word) VISITS__V1__CARD_KIND__CARD_KIND_##word

/* --- Words --- */

static const struct meaning_word {
    const char *word;
    enum identifier_meaning meaning;
    Visits__V1__IdentifierKind kind;
} meaning_words[] = {
    {"ignore", MEANING_IGNORE, KIND(UNSPECIFIED)},
    {"resident-id", MEANING_RESIDENT_ID, KIND(UNSPECIFIED)},
    {"visit-number", MEANING_VISIT, KIND(OTHER)},
    {"medical-record", MEANING_LOCAL, KIND(MEDICAL_RECORD)},
    {"inpatient", MEANING_LOCAL, KIND(INPATIENT)},
    {"outpatient", MEANING_LOCAL, KIND(OUTPATIENT)},
    {"visit-card", MEANING_LOCAL, KIND(VISIT_CARD)},
    {"other", MEANING_LOCAL, KIND(OTHER)},
    {"health-code", MEANING_LOCAL, KIND(HEALTH_CODE)},
    {"social-card-number", MEANING_LOCAL, KIND(SOCIAL_CARD_NUMBER)},
    {"social-card-code", MEANING_LOCAL, KIND(SOCIAL_CARD_CODE)},
};

static const struct {
    const char *word;
    Visits__V1__VisitClass visit_class;
} class_words[] = {
    {"inpatient", CLASS(INPATIENT)},         {"outpatient", CLASS(OUTPATIENT)},   {"emergency", CLASS(EMERGENCY)},
    {"pre-admission", CLASS(PRE_ADMISSION)}, {"examination", CLASS(EXAMINATION)}, {"other", CLASS(OTHER)},
};

static const struct {
    const char *word;
    Visits__V1__CardKind kind;
} card_words[] = {
    {"social-security", CARD(SOCIAL_SECURITY)},
    {"resident-id", CARD(RESIDENT_ID)},
    {"health-code", CARD(HEALTH_CODE)},
    {"hospital", CARD(HOSPITAL)},
};

static const struct meaning_word *find_meaning(const char *word) {
    for (size_t i = 0; i < COUNT(meaning_words); i++) {
        if (strcmp(meaning_words[i].word, word) == 0) {
            return &meaning_words[i];
        }
    }
    return NULL;
}

bool profile_card_word(const char *word, Visits__V1__CardKind *kind) {
    for (size_t i = 0; i < COUNT(card_words); i++) {
        if (strcmp(card_words[i].word, word) == 0) {
            *kind = card_words[i].kind;
            return true;
        }
    }
    return false;
}

/* --- What is shipped --- */

/* Types of PID-3.5: HL7 table 0203, then what Chinese systems write there; and authorities of PID-3.4 that say what a
 * number is rather than who gave it: the OIDs of Chinese CDA documents. IDCard is a hospital's own card, whatever it
 * sounds like; the resident identity number is IdentifyNO. */
static const struct {
    const char *type;
    const char *word;
} shipped_identifiers[] = {
    {"NNCHN", "resident-id"},
    {"NI", "resident-id"},
    {"SS", "resident-id"},
    {"MR", "medical-record"},
    {"PI", "medical-record"},
    {"PT", "medical-record"},
    {"HC", "health-code"},
    {"JHN", "health-code"},
    {"VN", "visit-number"},
    {"AN", "visit-number"},
    {"IdentifyNO", "resident-id"},
    {"IDCard", "visit-card"},
    {"Card_No", "visit-card"},
    {"PatientNO", "inpatient"},
    {"Outpatient", "outpatient"},
    {"LocalID", "medical-record"},
    {"UPID", "other"},
    {"OtherID", "other"},
    {"2.16.156.10011.1.3", "resident-id"},
    {"2.16.156.10011.1.19", "health-code"},
    {"2.16.156.10011.1.12", "inpatient"},
    {"2.16.156.10011.1.13", "medical-record"},
};

/* HL7 table 0004. U (unknown) has no row on purpose: it is listed for mapping, as any code that has none. */
static const struct {
    const char *code;
    Visits__V1__VisitClass visit_class;
} shipped_classes[] = {
    {"I", CLASS(INPATIENT)}, {"B", CLASS(INPATIENT)},     {"O", CLASS(OUTPATIENT)},  {"R", CLASS(OUTPATIENT)},
    {"E", CLASS(EMERGENCY)}, {"P", CLASS(PRE_ADMISSION)}, {"T", CLASS(EXAMINATION)}, {"N", CLASS(OTHER)},
};

static const struct {
    const char *code;
    Visits__V1__CardKind kind;
} shipped_cards[] = {
    {"SSC", CARD(SOCIAL_SECURITY)}, {"RID", CARD(RESIDENT_ID)},        {"EHC", CARD(HEALTH_CODE)},
    {"HOS", CARD(HOSPITAL)},        {"社保卡", CARD(SOCIAL_SECURITY)}, {"社会保障卡", CARD(SOCIAL_SECURITY)},
    {"身份证", CARD(RESIDENT_ID)},  {"电子健康卡", CARD(HEALTH_CODE)}, {"健康码", CARD(HEALTH_CODE)},
    {"就诊卡", CARD(HOSPITAL)},
};

/* --- Rows --- */

static void copy_name(char *to, size_t size, const char *name) {
    snprintf(to, size, "%s", name);
}

static bool add_identifier(struct profile *profile, const char *type, const char *word) {
    const struct meaning_word *meaning = find_meaning(word);
    if (meaning == NULL || strlen(type) >= PROFILE_NAME_BYTES || profile->identifier_count == PROFILE_ROWS_MAX) {
        return false;
    }
    struct identifier_alias *row = &profile->identifiers[profile->identifier_count++];
    copy_name(row->type, sizeof row->type, type);
    row->meaning = meaning->meaning;
    row->kind = meaning->kind;
    return true;
}

static bool add_domain(struct profile *profile, const char *authority, const char *domain) {
    bool is_own = strcmp(domain, "own") == 0 || strcmp(domain, profile->facility) == 0;
    if (strlen(domain) >= PROFILE_NAME_BYTES || profile->domain_count == PROFILE_ROWS_MAX) {
        return false;
    }
    struct domain_alias *row = &profile->domains[profile->domain_count++];
    copy_name(row->authority, sizeof row->authority, authority);
    copy_name(row->domain, sizeof row->domain, is_own ? "" : domain);
    return true;
}

static bool put_class(struct profile *profile, const char *code, Visits__V1__VisitClass visit_class) {
    if (strlen(code) >= PROFILE_NAME_BYTES || profile->class_count == PROFILE_ROWS_MAX) {
        return false;
    }
    struct class_alias *row = &profile->classes[profile->class_count++];
    copy_name(row->code, sizeof row->code, code);
    row->visit_class = visit_class;
    return true;
}

static bool add_class(struct profile *profile, const char *code, const char *word) {
    for (size_t i = 0; i < COUNT(class_words); i++) {
        if (strcmp(class_words[i].word, word) == 0) {
            return put_class(profile, code, class_words[i].visit_class);
        }
    }
    return false;
}

static bool put_card(struct profile *profile, const char *code, Visits__V1__CardKind kind) {
    if (strlen(code) >= PROFILE_NAME_BYTES || profile->card_count == PROFILE_ROWS_MAX) {
        return false;
    }
    struct card_alias *row = &profile->cards[profile->card_count++];
    copy_name(row->code, sizeof row->code, code);
    row->kind = kind;
    return true;
}

static bool add_card(struct profile *profile, const char *code, const char *word) {
    Visits__V1__CardKind kind;
    return profile_card_word(word, &kind) && put_card(profile, code, kind);
}

static bool add_trigger(struct profile *profile, const char *trigger, const char *meaning) {
    if (strlen(trigger) != 3 || !map_knows_trigger(meaning) || profile->trigger_count == PROFILE_ROWS_MAX) {
        return false;
    }
    struct trigger_alias *row = &profile->triggers[profile->trigger_count++];
    copy_name(row->trigger, sizeof row->trigger, trigger);
    copy_name(row->meaning, sizeof row->meaning, meaning);
    return true;
}

/* PID-3 is always read, so it has no place here; PID-21 is the mother's and may not have one (visits are the child's).
 */
static bool add_further(struct profile *profile, const char *field, const char *word) {
    static const char *const fields[] = {"PID-2", "PID-4", "PID-19", "PID-20"};
    static const unsigned numbers[] = {2, 4, 19, 20};
    const struct meaning_word *meaning = find_meaning(word);
    for (size_t i = 0; i < COUNT(fields) && meaning != NULL && profile->further_count < PROFILE_FURTHER_MAX; i++) {
        if (strcasecmp(fields[i], field) == 0) {
            profile->further[profile->further_count++] =
                (struct further_identifier){numbers[i], meaning->meaning, meaning->kind};
            return true;
        }
    }
    return false;
}

/* --- Lists --- */

#define PAIR_BYTES 128

struct pair {
    char name[PAIR_BYTES];
    char word[PAIR_BYTES];
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool copy_trimmed(char to[PAIR_BYTES], const char *text, size_t size) {
    while (size > 0 && is_blank(*text)) {
        text++;
        size--;
    }
    while (size > 0 && is_blank(text[size - 1])) {
        size--;
    }
    if (size == 0 || size >= PAIR_BYTES) {
        return false;
    }
    memcpy(to, text, size);
    to[size] = 0;
    return true;
}

/* Takes each NAME=WORD of a list; empty items are skipped, so that a list may end with a comma. */
static bool read_list(struct profile *profile, const char *text,
                      bool (*add)(struct profile *profile, const char *name, const char *word), const char *words,
                      char *why, size_t why_size) {
    for (const char *at = text; *at != 0; at += *at == ',') {
        size_t size = strcspn(at, ",");
        const char *equals = memchr(at, '=', size);
        struct pair pair;
        if (strspn(at, " \t") < size) {
            if (equals == NULL || !copy_trimmed(pair.name, at, (size_t)(equals - at)) ||
                !copy_trimmed(pair.word, equals + 1, size - (size_t)(equals + 1 - at)) ||
                !add(profile, pair.name, pair.word)) {
                snprintf(why, why_size,
                         "\"%.*s\" is not understood; it is a list of NAME=WORD with commas, at most %d; %s",
                         (int)(size < 60 ? size : 60), at, PROFILE_ROWS_MAX, words);
                return false;
            }
        }
        at += size;
    }
    return true;
}

static bool read_identifiers(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_identifier,
                     "words: resident-id medical-record inpatient outpatient visit-card other health-code "
                     "social-card-number social-card-code visit-number ignore",
                     why, why_size);
}

static bool read_further(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_further, "names: PID-2 PID-4 PID-19 PID-20; words as for identifiers", why,
                     why_size);
}

static bool read_domains(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_domain, "the word is own or the code of a domain or facility", why, why_size);
}

static bool read_classes(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_class, "words: inpatient outpatient emergency pre-admission examination other",
                     why, why_size);
}

static bool read_cards(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_card, "words: social-security resident-id health-code hospital", why, why_size);
}

static bool read_triggers(struct profile *profile, const char *text, char *why, size_t why_size) {
    return read_list(profile, text, add_trigger,
                     "both are triggers of three characters (ZP1=A28), the second one of "
                     "those that have a meaning here",
                     why, why_size);
}

/* Shipped rows that find no more room are less than what the feed says itself. */
static void add_shipped_identifiers(struct profile *profile) {
    for (size_t i = 0; i < COUNT(shipped_identifiers); i++) {
        add_identifier(profile, shipped_identifiers[i].type, shipped_identifiers[i].word);
    }
}

static void add_shipped_classes(struct profile *profile) {
    for (size_t i = 0; i < COUNT(shipped_classes); i++) {
        put_class(profile, shipped_classes[i].code, shipped_classes[i].visit_class);
    }
}

static void add_shipped_cards(struct profile *profile) {
    for (size_t i = 0; i < COUNT(shipped_cards); i++) {
        put_card(profile, shipped_cards[i].code, shipped_cards[i].kind);
    }
}

const struct profile_list profile_lists[] = {
    {"identifiers", read_identifiers, add_shipped_identifiers},
    {"further_identifiers", read_further, NULL},
    {"domains", read_domains, NULL},
    {"classes", read_classes, add_shipped_classes},
    {"cards", read_cards, add_shipped_cards},
    {"triggers", read_triggers, NULL},
    {NULL, NULL, NULL},
};
