#ifndef BASE_STATUS_H
#define BASE_STATUS_H

/* Failures of the world: logged once where they are handled. Not for refusals (a command's problem), not for bugs
 * (CHECK). */
enum status {
    STATUS_OK = 0,
    STATUS_IO,          /* disk, socket, file */
    STATUS_MEMORY,      /* an allocation or a stated bound was refused */
    STATUS_MALFORMED,   /* bytes that do not parse */
    STATUS_CORRUPT,     /* our own file fails its check */
    STATUS_NOT_FOUND,
    STATUS_EXISTS,
    STATUS_AGAIN,       /* nothing there now, or full now: try later */
    STATUS_DENIED,      /* permission, key */
    STATUS_UNAVAILABLE, /* the other side is away */
    STATUS_USAGE,       /* wrong arguments */
    STATUS_CONFIG,      /* wrong configuration */
};

/* A word for the status ("io", "corrupt"); never NULL. */
const char *status_name(enum status status);

/* Exit codes of all programs. */
enum exit_code {
    EXIT_CODE_OK = 0,         /* done, or asked to stop */
    EXIT_CODE_USAGE = 64,     /* wrong usage */
    EXIT_CODE_DATA = 65,      /* it worked, but some of the data was refused */
    EXIT_CODE_FAILED = 70,    /* failed for another reason */
    EXIT_CODE_TEMPORARY = 75, /* may work later */
    EXIT_CODE_CONFIG = 78,    /* wrong configuration */
};

/* The exit code that tells an operator what kind of failure it was. */
enum exit_code status_exit_code(enum status status);

#endif
