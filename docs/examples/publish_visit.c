/*
 * A visit of a hospital to the city's registry: kept in a spool first, sent when the registry is there.
 *
 *     cc publish_visit.c $(pkg-config --cflags --libs liancheng) -o publish_visit
 *     publish_visit ENDPOINT KEY_FILE SERVER_KEY_FILE SPOOL_FILE VISIT_NUMBER RESIDENT_ID BEGAN_AT SECONDS
 *
 * ENDPOINT as tcp://127.0.0.1:7101. The key files are those that the operator of the registry gave. The key that seals
 * the spool is made beside it (SPOOL_FILE.key). The visit is an outpatient's; BEGAN_AT is in Unix seconds. Waits at
 * most SECONDS for the receipt; a visit without one is sent by the next run. Run twice with the same words, it is one
 * visit.
 *
 * Exit code: 0 accepted, 1 something was refused, 2 wrong usage or set-up, 3 in the spool, and no receipt yet.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <liancheng.h>

struct program {
    int refused;
};

/* Called by liancheng_wait, also for what earlier runs left in the spool. */
static void on_receipt(void *user, const struct liancheng_receipt *receipt) {
    struct program *program = user;
    if (receipt->result != LIANCHENG_REFUSED) {
        printf("%" PRIu64 " %s%s%s\n", receipt->number,
               receipt->result == LIANCHENG_DUPLICATE ? "accepted before" : "accepted",
               receipt->code != 0 ? ", but: " : "", receipt->message);
        return;
    }
    printf("%" PRIu64 " refused: %" PRIu32 " %s: %s / %s\n", receipt->number, receipt->code, receipt->field,
           receipt->message, receipt->message_zh);
    program->refused++;
}

static enum liancheng_status open_library(char **argv, struct program *program, struct liancheng **liancheng) {
    char seal_key_file[4096];
    char problem[512] = "";
    struct liancheng_options options;
    snprintf(seal_key_file, sizeof seal_key_file, "%s.key", argv[4]);
    liancheng_options_init(&options);
    options.endpoint = argv[1];
    options.key_file = argv[2];
    options.server_key_file = argv[3];
    options.spool_file = argv[4];
    options.seal_key_file = seal_key_file;
    options.receipt = on_receipt;
    options.user = program;
    options.problem = problem;
    options.problem_bytes = sizeof problem;
    const enum liancheng_status status = liancheng_open(&options, liancheng);
    if (status != LIANCHENG_OK) {
        fprintf(stderr, "publish_visit: %s\n", problem);
    }
    return status;
}

static enum liancheng_status submit(struct liancheng *liancheng, char **argv) {
    struct liancheng_visit visit;
    uint64_t number = 0;
    liancheng_visit_init(&visit);
    visit.visit_number = argv[5];
    visit.reference = argv[5]; /* the program's own name for what it says: said twice, it is kept once */
    visit.resident_id = argv[6];
    visit.card = LIANCHENG_CARD_SOCIAL_SECURITY;
    visit.visit_class = LIANCHENG_CLASS_OUTPATIENT;
    visit.occurred_at_ms = strtoll(argv[7], NULL, 10) * 1000;
    const enum liancheng_status status = liancheng_visit_open(liancheng, &visit, &number);
    if (status == LIANCHENG_OK) {
        printf("%" PRIu64 " is in the spool\n", number);
    } else if (status == LIANCHENG_KNOWN) {
        printf("%" PRIu64 " was submitted before\n", number);
    } else {
        fprintf(stderr, "publish_visit: %s\n", liancheng_problem(liancheng));
    }
    return status;
}

int main(int argc, char **argv) {
    struct program program = {0};
    struct liancheng *liancheng;
    if (argc != 9) {
        fprintf(stderr, "usage: publish_visit ENDPOINT KEY_FILE SERVER_KEY_FILE SPOOL_FILE VISIT_NUMBER RESIDENT_ID "
                        "BEGAN_AT SECONDS\n");
        return 2;
    }
    if (open_library(argv, &program, &liancheng) != LIANCHENG_OK) {
        return 2;
    }
    int exit_code = 2;
    const enum liancheng_status submitted = submit(liancheng, argv);
    if (submitted == LIANCHENG_OK || submitted == LIANCHENG_KNOWN) {
        const enum liancheng_status status = liancheng_wait(liancheng, (int)strtol(argv[8], NULL, 10) * 1000);
        exit_code = status == LIANCHENG_OK ? program.refused > 0 : status == LIANCHENG_TIMEOUT ? 3 : 2;
        if (status != LIANCHENG_OK) {
            fprintf(stderr, "publish_visit: %s\n", liancheng_problem(liancheng));
        }
    }
    liancheng_close(&liancheng);
    return exit_code;
}
