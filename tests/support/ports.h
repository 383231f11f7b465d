#ifndef SUPPORT_PORTS_H
#define SUPPORT_PORTS_H

#include <stdint.h>

/* A free TCP port for a daemon that a test stops and starts again at the same place. It lies below the range that the
 * system hands out: nobody's outgoing connection takes it in between. */
uint16_t test_port(void);

#define TEST_ENDPOINT_BYTES 64
/* "tcp://127.0.0.1:PORT" with such a port. */
void test_endpoint(char endpoint[TEST_ENDPOINT_BYTES]);

#endif
