#ifndef WIRE_CURVE_H
#define WIRE_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#define CURVE_TEXT_BYTES 41 /* Z85 with the final NUL */

/* 40 characters of Z85 (ZeroMQ RFC 32) to 32 bytes; false when the text is anything else. */
bool curve_key_decode(const char *text, uint8_t key[32]);
void curve_key_encode(const uint8_t key[32], char text[CURVE_TEXT_BYTES]);

#endif
