#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "wire/keys.h"

/* A key table of any bytes. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct keys *keys;
    struct keys_error error = {""};
    enum status status = keys_parse((const char *)data, size, "keys.tab", &keys, &error);
    CHECK((status == STATUS_OK) == (keys != NULL));
    CHECK((status == STATUS_OK) == (error.text[0] == 0));
    keys_destroy(&keys);
    return 0;
}
