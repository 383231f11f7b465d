/*
 * Liancheng for a hospital's own program: visits go to the city's registry, safely, whatever happens to the program,
 * the machine or the line. For C (from C99 on) and C++; liancheng(3) tells the same with an example.
 *
 * Store and forward. A submitting call returns once the command is durable in a spool file on the own disk (one fsync),
 * not when the registry has it: the program may crash and the registry may be away. liancheng_pump sends what waits, in
 * the order in which it was submitted, and hands the registry's receipts to a callback. Commands keep their ids in the
 * spool, so one that is sent again after a crash has its effect once.
 *
 * Threads: a handle belongs to one thread at a time. Different handles are independent. The library makes threads of
 * its own, which call nothing of the program's. No handle survives a fork.
 *
 * Text is UTF-8 that ends with a NUL. Times are Unix time in milliseconds. The library copies what it is given: nothing
 * needs to live longer than the call. What it gives belongs to it and is valid as long as said. No function changes the
 * locale, signal handlers or the working directory. Failures of the disk are also said on standard error, one line of
 * JSON each, never with a value of a visit. When the system has no memory left the process is aborted.
 */
#ifndef LIANCHENG_H
#define LIANCHENG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIANCHENG_REFERENCE_BYTES_MAX 64
#define LIANCHENG_COMMAND_BYTES_MAX 65536

enum liancheng_status {
    LIANCHENG_OK = 0,
    LIANCHENG_KNOWN = 1,   /* this reference with this content was submitted before: nothing was added */
    LIANCHENG_USAGE = 2,   /* wrong arguments; liancheng_problem names them */
    LIANCHENG_CONFIG = 3,  /* a key file, the endpoint, or a spool of another program, organisation or seal key */
    LIANCHENG_BUSY = 4,    /* another process has the spool open */
    LIANCHENG_IO = 5,      /* the disk; what was not said to be durable is not */
    LIANCHENG_CORRUPT = 6, /* the spool file is damaged */
    LIANCHENG_FULL = 7,    /* as much waits as may: pump, then try again */
    LIANCHENG_DENIED = 8,  /* the registry takes nothing from this key; liancheng_problem says why. What waits stays in
                              the spool for the next liancheng_open */
    LIANCHENG_TIMEOUT = 9, /* the time is over and commands still wait */
    LIANCHENG_NOT_FOUND = 10
};
/* A short English sentence. Never NULL. */
const char *liancheng_status_text(enum liancheng_status status);

/* --- What the registry says ------------------------------------------------------------------------------------------
 */

enum liancheng_result {
    LIANCHENG_WAITING = 0, /* none yet (liancheng_find) */
    LIANCHENG_ACCEPTED = 1,
    LIANCHENG_DUPLICATE = 2, /* accepted when it was sent before: its first receipt was lost on the way */
    LIANCHENG_REFUSED = 3    /* the rules say no; sent again as it is, it will be refused again */
};

/* Valid during the callback. */
struct liancheng_receipt {
    uint64_t number;       /* as the submitting call gave it */
    const char *reference; /* the program's own; "" when it gave none */
    enum liancheng_result result;
    uint32_t code;          /* refused: why (proto/README.md lists the codes); accepted: a warning; 0: none */
    const char *field;      /* path of the field at fault, never its value; "" */
    const char *message;    /* one English sentence; "" */
    const char *message_zh; /* the same in Chinese; "" */
};

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

struct liancheng; /* a handle */

struct liancheng_options {
    size_t size;                 /* of this struct: liancheng_options_init sets it */
    const char *endpoint;        /* of the registry: "tcp://visits.city.example:7101" */
    const char *key_file;        /* the organisation's own key with its secret */
    const char *server_key_file; /* the registry's public key */
    const char *organisation;    /* in whose name; NULL: the key's own. A spool takes no other's commands */
    const char *spool_file;      /* NULL: no spool, what waits is in memory and lost with the program */
    const char
        *seal_key_file;      /* seals the spool: 64 hexadecimal digits. Made (mode 0400) when neither it nor the spool
                                is there. Without it the spool cannot be read: keep it apart from backups of the spool */
    uint32_t window;         /* commands on their way at the same time, 1 to 4096; 0: 4096 */
    uint64_t bytes_max;      /* of what is kept; then LIANCHENG_FULL. 0: 1 GiB of spool, or 16 MiB of memory */
    uint32_t retention_days; /* what has its receipt is known for so long in the spool; 0: 30 */
    /* Called by liancheng_pump and liancheng_wait, in no fixed order, at least once for each command: again, as a
     * duplicate, when the program ended before the receipt was noted in the spool. It may submit, not pump or close.
     * NULL: nobody asks. */
    void (*receipt)(void *user, const struct liancheng_receipt *receipt);
    void *user;           /* for the callback */
    char *problem;        /* when opening fails: what is wrong, one English sentence. NULL: not said */
    size_t problem_bytes; /* room there */
};
static inline void liancheng_options_init(struct liancheng_options *options) {
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* OK, USAGE, CONFIG, BUSY, IO, CORRUPT; *handle is NULL unless OK. The registry may be away. The spool and its lock
 * (FILE.lock) are made when they are not there, for their owner alone. */
enum liancheng_status liancheng_open(const struct liancheng_options *options, struct liancheng **handle);
/* Ends it and sets *handle to NULL; NULL is allowed. Sends nothing: what waits stays in the spool. An open batch is
 * rolled back. */
void liancheng_close(struct liancheng **handle);
/* What went wrong in the last call that failed, one English sentence; never a value of a visit. Valid until the next
 * call. */
const char *liancheng_problem(const struct liancheng *handle);

/* --- Submitting ------------------------------------------------------------------------------------------------------
 *
 * All of these: OK once it is durable, with its number in *number (may be NULL): 1, 2, ... and so on after a restart.
 * KNOWN: see reference; *number is then the earlier one's, liancheng_find tells what became of it. USAGE, FULL, IO.
 *
 * reference: the program's own name for what it says (say, the number of its record), at most 64 bytes. It comes back
 * with the receipt. A program that does not know whether its last call came to its end before a crash submits the same
 * again: the same reference with the same content is kept once, as long as the spool knows it. NULL or "": none. It is
 * sealed in the spool as the rest is.
 */

enum liancheng_class {
    LIANCHENG_CLASS_UNSPECIFIED = 0,
    LIANCHENG_CLASS_INPATIENT = 1,
    LIANCHENG_CLASS_OUTPATIENT = 2,
    LIANCHENG_CLASS_EMERGENCY = 3,
    LIANCHENG_CLASS_PRE_ADMISSION = 4,
    LIANCHENG_CLASS_EXAMINATION = 5, /* a check-up: kept, not counted */
    LIANCHENG_CLASS_OTHER = 6
};

/* With what the visit was opened. */
enum liancheng_card {
    LIANCHENG_CARD_UNSPECIFIED = 0,
    LIANCHENG_CARD_SOCIAL_SECURITY = 1,
    LIANCHENG_CARD_RESIDENT_ID = 2,
    LIANCHENG_CARD_HEALTH_CODE = 3,
    LIANCHENG_CARD_HOSPITAL = 4
};

enum liancheng_id_kind {
    LIANCHENG_ID_UNSPECIFIED = 0,
    LIANCHENG_ID_MEDICAL_RECORD = 1,
    LIANCHENG_ID_INPATIENT = 2,  /* 住院号 */
    LIANCHENG_ID_OUTPATIENT = 3, /* 门诊号 */
    LIANCHENG_ID_VISIT_CARD = 4, /* 就诊卡 */
    LIANCHENG_ID_OTHER = 5,
    LIANCHENG_ID_HEALTH_CODE = 6,        /* 电子健康卡主索引 */
    LIANCHENG_ID_SOCIAL_CARD_NUMBER = 7, /* 社会保障卡卡号 */
    LIANCHENG_ID_SOCIAL_CARD_CODE = 8    /* 社会保障卡卡识别码 */
};
struct liancheng_id {
    enum liancheng_id_kind kind;
    const char *value;  /* 1 to 64 bytes */
    const char *domain; /* who gives these numbers; NULL: the own facility */
};

/* What a report says of a visit (in brackets: the HL7 triggers that say it). */
enum liancheng_statement {
    LIANCHENG_OPENED = 1,                  /* (A01, A04) */
    LIANCHENG_PRE_ADMITTED = 2,            /* (A05) kept, not counted until it is opened */
    LIANCHENG_UPDATED = 3,                 /* (A08) */
    LIANCHENG_MOVED = 4,                   /* (A02) to another department */
    LIANCHENG_MOVE_CANCELLED = 5,          /* (A12) */
    LIANCHENG_CLOSED = 6,                  /* (A03) */
    LIANCHENG_REOPENED = 7,                /* (A13) */
    LIANCHENG_CLASS_CHANGED = 8,           /* (A06, A07) */
    LIANCHENG_CANCELLED = 9,               /* (A11, A23) it never was */
    LIANCHENG_PRE_ADMISSION_CANCELLED = 10 /* (A38) */
};

#define LIANCHENG_IDS_MAX 8
struct liancheng_visit {
    size_t size;              /* of this struct: liancheng_visit_init sets it */
    const char *reference;    /* see above */
    const char *visit_number; /* the facility's own, unique in the facility; 1 to 64 bytes */
    int64_t occurred_at_ms;   /* when what is said happened: the beginning, the end, the change. Needed */
    int64_t recorded_at_ms;   /* when it was recorded in the own system; older records never overwrite newer ones.
                                 0: when it occurred */
    /* The person: to open, pre-admit, and wherever may_create is set. */
    const char *resident_id; /* resident identity number (GB 11643); NULL: not known */
    const struct liancheng_id *ids;
    size_t id_count; /* at most LIANCHENG_IDS_MAX */
    enum liancheng_card card;
    enum liancheng_class visit_class; /* to open, pre-admit, update and change the class */
    /* Reports only. */
    int64_t opened_at_ms;         /* when the visit began, where that is said beside; 0: not said */
    const char *department;       /* at most 32 bytes; NULL: not said */
    const char *former_number;    /* the visit had this number until now; NULL: it keeps its number */
    int may_create;               /* a visit that is not known is made of what is said: someone discharged was there */
    int64_t rescue_called_at_ms;  /* emergency rescue circle: when help was called; 0: not said */
    int64_t rescue_arrived_at_ms; /* and when the patient was here */
    int rescue_is_urban;
};
static inline void liancheng_visit_init(struct liancheng_visit *visit) {
    memset(visit, 0, sizeof *visit);
    visit->size = sizeof *visit;
}

/* A visit began, with its person, card and class; or, of a known one, what is newer. */
enum liancheng_status liancheng_visit_open(struct liancheng *handle, const struct liancheng_visit *visit,
                                           uint64_t *number);
/* It ended. Number and times. */
enum liancheng_status liancheng_visit_close(struct liancheng *handle, const struct liancheng_visit *visit,
                                            uint64_t *number);
/* It never was. Number and times. */
enum liancheng_status liancheng_visit_cancel(struct liancheng *handle, const struct liancheng_visit *visit,
                                             uint64_t *number);
/* It is of another class from its beginning. Number, times and class. */
enum liancheng_status liancheng_visit_change_class(struct liancheng *handle, const struct liancheng_visit *visit,
                                                   uint64_t *number);
/* Any statement, with all that is known. */
enum liancheng_status liancheng_visit_report(struct liancheng *handle, enum liancheng_statement statement,
                                             const struct liancheng_visit *visit, uint64_t *number);

/* Any command of the contract, for what the functions above do not say. */
struct liancheng_command {
    size_t size;               /* of this struct: liancheng_command_init sets it */
    const char *reference;     /* see above */
    const void *body;          /* a serialized visits.v1.Command (proto/visits/v1/commands.proto) */
    size_t body_bytes;         /* 1 to LIANCHENG_COMMAND_BYTES_MAX */
    int64_t occurred_at_ms;    /* needed */
    uint64_t expected_version; /* 0: any */
};
static inline void liancheng_command_init(struct liancheng_command *command) {
    memset(command, 0, sizeof *command);
    command->size = sizeof *command;
}
enum liancheng_status liancheng_submit_command(struct liancheng *handle, const struct liancheng_command *command,
                                               uint64_t *number);

/* Between begin and commit many are submitted with one fsync: they are durable when commit says OK, all of them, and
 * none before. After a failure (anything but OK, KNOWN, FULL and USAGE) roll back. Not while pumping. */
enum liancheng_status liancheng_begin(struct liancheng *handle);
enum liancheng_status liancheng_commit(struct liancheng *handle);
void liancheng_rollback(struct liancheng *handle);

/* --- Sending and hearing ---------------------------------------------------------------------------------------------
 */

/* Sends what waits, takes receipts (callback) and notes them in the spool. Waits at most timeout_ms (0: not at all, -1:
 * for ever) for a first receipt, and only while commands wait. To be called regularly, every second say, from a timer
 * or a loop: nothing is sent otherwise. OK also while the registry is away. DENIED, IO, USAGE (from the callback, or in
 * a batch). */
enum liancheng_status liancheng_pump(struct liancheng *handle, int timeout_ms);
/* Pumps until nothing waits: OK; TIMEOUT after timeout_ms (-1: for ever). */
enum liancheng_status liancheng_wait(struct liancheng *handle, int timeout_ms);
/* Commands without a receipt. */
uint64_t liancheng_waiting(const struct liancheng *handle);

/* --- Looking back (with a spool) -------------------------------------------------------------------------------------
 */

struct liancheng_outcome {
    uint64_t number;
    const char *reference; /* "" from liancheng_find; valid until the next call or, in a callback, during it */
    enum liancheng_result result;
    uint32_t code; /* refused: why */
    int64_t occurred_at_ms;
    int64_t submitted_at_ms;
    const void *body; /* the command; NULL from liancheng_find, and of what was accepted */
    size_t body_bytes;
};

/* What became of the newest command of a reference. OK, NOT_FOUND, USAGE (no spool, no reference), IO. */
enum liancheng_status liancheng_find(struct liancheng *handle, const char *reference,
                                     struct liancheng_outcome *outcome);
/* The refused ones with numbers above `after`, oldest first, at most `limit`, as long as they are kept; visit returns 0
 * to stop and calls nothing of the library. OK, USAGE (no spool), IO, CORRUPT. */
enum liancheng_status liancheng_refused(struct liancheng *handle, uint64_t after, uint32_t limit,
                                        int (*visit)(void *user, const struct liancheng_outcome *outcome), void *user);

#ifdef __cplusplus
}
#endif

#endif
