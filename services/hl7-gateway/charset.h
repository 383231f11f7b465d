#ifndef HL7_GATEWAY_CHARSET_H
#define HL7_GATEWAY_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "hl7-gateway/hl7.h"

/*
 * From the bytes of a message to UTF-8, before it is split: trailing bytes of GBK characters look like delimiters.
 * GB18030 (GB 18030-2005, through iconv) covers GBK and GB 2312. Never a replacement character: bytes that fit neither
 * are refused.
 */
enum charset { CHARSET_DETECT, CHARSET_UTF8, CHARSET_GB18030, CHARSET_UNSUPPORTED };

/* What a name in MSH-18, MSH-17 or a profile means: compared without case, blanks, - _ and /. Unknown and 8859 names
 * and ASCII: DETECT. ISO 2022, the 16 and 32 bit forms, Big5 and the other multi-byte sets of table 0211: UNSUPPORTED.
 */
enum charset charset_from_name(struct text name);
/* What a message declares: MSH-18, else MSH-17. UNSUPPORTED when any repetition of MSH-18 is. */
enum charset charset_of_header(const struct hl7_header *header);
/* Whether MSH-17 holds the name of a charset, one field early. */
bool charset_is_name(struct text name);

struct charset_result {
    enum charset used; /* UTF8 (also for plain ASCII) or GB18030 */
    bool is_ascii;
    bool is_mismatch;      /* another charset than declared, which did not fit */
    enum charset escapes;  /* of the bytes in \X escapes; DETECT: UTF-8 if they are, else GB18030 */
    bool is_out_of_memory; /* with false: the arena was full, the message may be good */
};

/* A converter keeps its iconv descriptor and 47 KiB of table; one per thread. NULL: the system's iconv has no GB18030,
 * or no memory. */
struct charset_converter;
struct charset_converter *charset_converter_new(void);
void charset_converter_destroy(struct charset_converter **converter);

/* Converts data, whose declared charset is `declared`: DETECT tries ASCII, strict UTF-8, strict GB18030; a declared one
 * that does not fit tries the other strictly. UTF-8 comes back as it is (*text = data), otherwise in arena, at most
 * size * 2. A byte order mark is skipped and says UTF-8 whatever is declared. False: it fits neither, it holds a
 * NUL, or the declared one is unsupported and data is not plain ASCII (an escape character is none). */
bool charset_convert(struct charset_converter *converter, enum charset declared, const uint8_t *data, size_t size,
                     struct arena *arena, struct text *text, struct charset_result *result);

/* Has the \X escapes of a parsed message read in its charset. The converter must outlive the message. */
void charset_attach(struct charset_converter *converter, const struct charset_result *result,
                    struct hl7_message *message);

#endif
