#include "base/status.h"

const char *status_name(enum status status) {
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_IO:
        return "io";
    case STATUS_MEMORY:
        return "memory";
    case STATUS_MALFORMED:
        return "malformed";
    case STATUS_CORRUPT:
        return "corrupt";
    case STATUS_NOT_FOUND:
        return "not_found";
    case STATUS_EXISTS:
        return "exists";
    case STATUS_AGAIN:
        return "again";
    case STATUS_DENIED:
        return "denied";
    case STATUS_UNAVAILABLE:
        return "unavailable";
    case STATUS_USAGE:
        return "usage";
    case STATUS_CONFIG:
        return "config";
    }
    return "unknown";
}

enum exit_code status_exit_code(enum status status) {
    switch (status) {
    case STATUS_OK:
        return EXIT_CODE_OK;
    case STATUS_USAGE:
        return EXIT_CODE_USAGE;
    case STATUS_CONFIG:
        return EXIT_CODE_CONFIG;
    case STATUS_MEMORY:
    case STATUS_AGAIN:
    case STATUS_UNAVAILABLE:
        return EXIT_CODE_TEMPORARY;
    case STATUS_IO:
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_DENIED:
        return EXIT_CODE_FAILED;
    }
    return EXIT_CODE_FAILED;
}
